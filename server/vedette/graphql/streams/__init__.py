"""Subscriptions: followed from any position, executed once for all who ask alike, sent as bytes."""
