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
    and all if the first h begins a new panel. One such sum is tried at each place: about 2 d²k flops, once.
    """
    whole = (slice(0, n_features),)
    if n_features <= _SHORTEST:
        return whole
    places = np.arange(1, n_features - 1)
    half = np.finfo(dtype).eps / 2
    ones = np.ones((n_features, n_clusters), dtype=dtype, order="F")
    breaks: list[int] = []
    for start in range(0, len(places), n_rows):
        tried = places[start : start + n_rows]
        rows = np.arange(len(tried))
        summands = np.zeros((n_rows, n_features), dtype=dtype)
        summands[rows, tried - 1] = 1
        summands[rows, tried] = summands[rows, tried + 1] = half
        breaks.extend(tried[(summands @ ones)[rows, 0] > 1].tolist())
    if len(breaks) > n_features // _SHORTEST:
        return whole
    edges = [0, *breaks, n_features]
    return tuple(slice(first, last) for first, last in pairwise(edges))
