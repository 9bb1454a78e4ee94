"""Where k-means begins."""
