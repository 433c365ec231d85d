"""What things are and which changes are legal. No IO, no framework: values that every layer above shares."""
