"""Calls user code: one evaluation, one run. Used by hosts, and in process by tests."""
