"""Assets as authors write them: definitions, checks, selections, jobs, and how their values are kept."""
