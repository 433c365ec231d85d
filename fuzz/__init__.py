"""Malformed documents, bodies, headers and frames, thrown at a server: it answers each, soon, and stays as it was."""
