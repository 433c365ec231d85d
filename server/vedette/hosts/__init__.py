"""The processes that user code runs in: frames, the parent's handles, and (in `child`) what runs in them."""
