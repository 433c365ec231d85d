"""What all mutations share: each takes effect once, is audited, and tells typed errors."""
