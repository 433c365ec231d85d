"""The API: one module a noun, loaders, connections, errors."""

# Before any type uses one, whichever module comes first: this gives the enums their descriptions.
from vedette.graphql import enums as enums
