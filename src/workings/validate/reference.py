"""scikit-learn as the reference: one thread, and the trajectories that it only prints."""

from __future__ import annotations

import contextlib
import io
import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg.blas
import scipy.special
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
INERTIA = re.compile(
    r"^(?:Iteration \d+, inertia|Minibatch step \d+/\d+: mean batch inertia:) ([^\s,]+?)\.?(?:,.*)?$", re.MULTILINE
)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run BLAS and OpenMP on one thread: with two, scikit-learn's k-means disagrees with itself in the last bits."""
    with threadpool_limits(limits=1):
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence convergence warnings: short runs are compared on purpose, and the page shows the iterations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def fit_and_listen(model: Any, X: Floats, **fit: Any) -> tuple[Any, Floats]:
    """Fit scikit-learn's k-means with ``verbose=1`` and read the inertia of each iteration, or batch, off its output.

    Parameters
    ----------
    model : sklearn.cluster.KMeans or sklearn.cluster.MiniBatchKMeans
    X : ndarray of shape (n, p)
    **fit
        Passed to ``fit``.

    Returns
    -------
    model
        Fitted.
    inertias : ndarray
        Of every iteration of every run, in order; of a batch, the mean over its rows. Python prints a double with as
        many digits as it takes to read the same double back, so these are the bits.
    """
    printed = io.StringIO()
    model.set_params(verbose=1)
    with contextlib.redirect_stdout(printed):
        model.fit(X, **fit)
    return model, np.array([float(text) for text in INERTIA.findall(printed.getvalue())])


def products_agree(rows: Floats, centers: Floats) -> bool:
    """Whether NumPy's and SciPy's BLAS give the same bits for the product that k-means assigns rows by.

    The two wheels ship their own OpenBLAS; on some processors their kernels differ, and with them the last bits of
    scikit-learn (which calls SciPy's) and of any NumPy program. Tried on the data at hand, 256 rows at a time as
    scikit-learn does.
    """
    for start in range(0, len(rows), 256):
        block = np.ascontiguousarray(rows[start : start + 256])
        theirs = scipy.linalg.blas.dgemm(-2.0, centers.T, block.T, trans_a=True).T
        if not np.array_equal(theirs, -2.0 * (block @ centers.T)):
            return False
    return True


def kernels_agree() -> bool:
    """Whether the C library's exp and log, reached from NumPy and Python, give the bits of SciPy's.

    scikit-learn's networks call SciPy's ``expit`` and ``xlogy``; NumPy's own exp and log differ from them in some
    last bits on processors with AVX-512, its complex exp and Python's ``math.log`` do not where all of them rest on
    one C library. Tried on 20 000 arguments.
    """
    z = np.linspace(-30.0, 30.0, 20_001)
    p = scipy.special.expit(z)
    logarithms = np.array([math.log(value) for value in p.tolist()])
    return bool(
        np.array_equal(p, 1.0 / (1.0 + np.exp(-z + 0j).real))
        and np.array_equal(scipy.special.xlogy(1.0, p), logarithms)
    )
