"""k-means in exact arithmetic."""
