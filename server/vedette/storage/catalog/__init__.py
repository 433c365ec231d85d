"""What code locations define: themselves, their jobs, and the partitions that are added while they run."""
