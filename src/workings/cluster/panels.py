"""Where the BLAS breaks a long sum of products in two.

A matrix product over many features is added up panel by panel: the sum of the first panel's products is rounded into
the result, then that of the second, and so on. scikit-learn lets the BLAS add these sums to |c|², so the last bits of a
distance depend on the places of the breaks. The BLAS does not tell them; its rounding does.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats, Indices

_SHORTEST = 128  # features that no known BLAS breaks


@lru_cache(maxsize=64)
def panels(n_rows: int, n_features: int, n_clusters: int, dtype: np.dtype[Any]) -> tuple[slice, ...]:
    """Return the panels of features in a product of some rows with some centres.

    Parameters
    ----------
    n_rows, n_features, n_clusters : int
    dtype : dtype

    Returns
    -------
    tuple of slice
        One for a product that is not broken, or whose kernel adds in another way altogether.

    Notes
    -----
    In ``1 + h + h``, with h half a unit in the last place of 1, nothing is left of h if the three are added in turn,
    and all if the first h begins a new panel. One such sum is tried at each place: about 2 d²k flops, once. Kernels
    that add the last products of a sum apart, or do so for a block's last rows, show the same within a panel: a place
    is a break if it is one for every row, and far from the next.
    """
    whole = (slice(0, n_features),)
    if n_features <= _SHORTEST:
        return whole
    places = np.arange(1, n_features - 1)
    breaks: list[int] = []
    for start in range(0, len(places), n_rows):
        tried = places[start : start + n_rows]
        broken = _broken(np.arange(len(tried)), tried, n_rows, n_features, n_clusters, dtype)
        breaks.extend(
            place
            for place in tried[broken[: len(tried)]].tolist()
            if _every_row(place, n_rows, n_features, n_clusters, dtype)
        )
    if len(breaks) > 2 * (n_features // _SHORTEST + 1):
        return whole
    edges = [n_features]
    for place in reversed(breaks):
        if edges[0] - place >= _SHORTEST // 2:
            edges.insert(0, place)
    return tuple(slice(first, last) for first, last in pairwise([0, *edges]))


def _every_row(place: int, n_rows: int, n_features: int, n_clusters: int, dtype: np.dtype[Any]) -> bool:
    rows = np.arange(n_rows)
    return bool(_broken(rows, np.full(n_rows, place), n_rows, n_features, n_clusters, dtype).all())


def _broken(
    rows: Indices, places: Indices, n_rows: int, n_features: int, n_clusters: int, dtype: np.dtype[Any]
) -> npt.NDArray[np.bool_]:
    """Tell which rows keep the first half unit where it is added at the given places."""
    half = np.finfo(dtype).eps / 2
    summands = np.zeros((n_rows, n_features), dtype=dtype)
    summands[rows, places - 1] = 1
    summands[rows, places] = summands[rows, places + 1] = half
    sums = summands @ np.ones((n_features, n_clusters), dtype=dtype, order="F")
    return np.asarray((sums > 1).all(axis=1))


@lru_cache(maxsize=64)
def may_be_cut(n_rows: int, n_features: int, n_clusters: int, dtype: np.dtype[Any]) -> bool:
    """Return whether the product of one panel alone has the bits of that panel's part of the whole product.

    Notes
    -----
    Not always: the BLAS has other kernels for small products. Random numbers are tried, which show any other order.
    """
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(n_rows, n_features)).astype(dtype)
    centers = rng.uniform(size=(n_clusters, n_features)).astype(dtype)
    return all(
        np.array_equal(X[:, panel] @ centers[:, panel].T, X @ only(centers, panel).T)
        for panel in panels(n_rows, n_features, n_clusters, dtype)
    )


def only(centers: Floats, panel: slice) -> Floats:
    """Return centres with zeros outside a panel: their products are those of the panel, by the kernel of the whole."""
    alone = np.zeros_like(centers)
    alone[:, panel] = centers[:, panel]
    return alone
