"""What code locations define besides sensors and assets: jobs and partitions."""
