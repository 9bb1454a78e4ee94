"""k-means in small steps, each from a few rows."""
