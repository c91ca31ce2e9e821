"""Many copies: jobs, processes, machines, caches and the store."""
