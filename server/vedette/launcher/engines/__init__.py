"""Where runs execute: one module an engine, one contract."""
