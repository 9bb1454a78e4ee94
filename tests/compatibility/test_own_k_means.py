"""scikit-learn's own tests of KMeans and MiniBatchKMeans, run on ours."""

from __future__ import annotations

from tests.compatibility.adopt import adopt

from workings.cluster import KMeans, MiniBatchKMeans

LEFT_OUT: dict[str, str] = {}

globals().update(
    adopt(
        "sklearn.cluster.tests.test_k_means",
        "sklearn.cluster",
        {"KMeans": KMeans, "MiniBatchKMeans": MiniBatchKMeans},
        LEFT_OUT,
    )
)
