"""Assets: what is defined, what happened to each, and lists and searches of both."""
