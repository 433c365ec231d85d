"""What the figures of the documents come from: `make bench`, `make growth`, `make soak`, or `python -m benchmarks`."""
