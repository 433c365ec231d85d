"""The instance as authors see it: what is recorded of runs and assets, and the keys of dynamic partitions."""
