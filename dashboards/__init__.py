"""What business people open: pages over the published file, and nothing else."""
