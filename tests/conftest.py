"""What every test shares: one thread, scikit-learn's fixtures, and reproducible hypothesis runs."""

from __future__ import annotations

import os

# scikit-learn's k-means gives other bits with two threads than with one; before anything loads a library of threads
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pytest
import sklearn.cluster  # noqa: F401  (loads the libraries that threadpool_limits then holds to one thread)
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

_limits = threadpool_limits(limits=1)

settings.register_profile(
    "workings", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("workings")


@pytest.fixture
def global_random_seed() -> int:
    """Seed that scikit-learn's own tests ask for."""
    return 42


@pytest.fixture(params=[np.float32, np.float64])
def global_dtype(request: pytest.FixtureRequest) -> type:
    """Type that scikit-learn's own tests ask for."""
    return request.param
