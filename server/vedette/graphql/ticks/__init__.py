"""Ticks: what each asked for, what it made of events, and how many there were over time."""
