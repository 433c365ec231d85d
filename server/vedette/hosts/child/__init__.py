"""What runs inside the child processes: the zygote, and the evaluation host and the run that are forked from it."""
