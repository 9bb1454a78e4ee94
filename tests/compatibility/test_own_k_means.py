"""scikit-learn's own tests of KMeans, run on ours."""

from __future__ import annotations

from tests.compatibility.adopt import adopt

from workings.cluster import KMeans

LEFT_OUT: dict[str, str] = {}

globals().update(adopt("sklearn.cluster.tests.test_k_means", "sklearn.cluster", {"KMeans": KMeans}, LEFT_OUT))
