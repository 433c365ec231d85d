"""One file a version, `v0001_first.py`: the number is the revision, and grows by one."""
