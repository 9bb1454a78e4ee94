"""k-means beside scikit-learn, the textbook and integer arithmetic: centres, labels, inertia of every iteration."""

from workings.validate.kmeans.catalogue import studies

__all__ = ["studies"]
