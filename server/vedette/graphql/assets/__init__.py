"""Assets: what they are, what happened to them, and what is done with them."""
