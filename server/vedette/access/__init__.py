"""Who may do what: roles per field of the schema, tokens and sessions, and whether a server may go without them."""
