"""k-means clustering."""

from workings.cluster.estimator import KMeans

__all__ = ["KMeans"]
