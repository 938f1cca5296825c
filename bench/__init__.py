"""What the service costs, measured as ratios to a bare route of the same server in the same run."""
