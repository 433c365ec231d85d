"""The API: one module a noun, loaders, connections, errors."""
