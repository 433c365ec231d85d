"""Claims queued runs, hands them to an engine, watches, rescues."""
