"""What authors write: decorators, definitions, contexts, config. Pure."""
