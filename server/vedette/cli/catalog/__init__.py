"""Code locations, jobs and partitions."""
