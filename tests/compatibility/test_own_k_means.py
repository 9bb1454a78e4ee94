"""scikit-learn's own tests of KMeans, run on ours."""

from __future__ import annotations

from tests.compatibility.adopt import adopt

from workings.cluster import KMeans

PRIVATE = "calls the private _init_centroids; its effect is covered by the parity grid of seeded fits with weights"

LEFT_OUT = {"test_sample_weight_init": PRIVATE, "test_sample_weight_zero": PRIVATE}

globals().update(adopt("sklearn.cluster.tests.test_k_means", "sklearn.cluster", {"KMeans": KMeans}, LEFT_OUT))
