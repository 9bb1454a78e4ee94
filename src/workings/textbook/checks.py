"""Sentences for arguments that no derivation covers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def finite_array(name: str, values: npt.ArrayLike, ndim: int) -> Floats:
    """Return `values` as float64 with `ndim` axes, all finite and none of them empty.

    Parameters
    ----------
    name : str
        What the sentence of the error calls the array.
    values : array_like
        Numbers with `ndim` axes.
    ndim : int
        Number of axes.

    Returns
    -------
    ndarray of float64
        The same numbers; not a copy when `values` already is such an array.

    Raises
    ------
    ValueError
        Wrong number of axes, an empty axis, NaN or infinity.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{name} must have {ndim} axes and at least one entry. Got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contains NaN or infinity. Remove or fill these entries first.")
    return array


def same_length(first: str, n_first: int, second: str, n_second: int) -> None:
    """Raise a ValueError unless the two lengths agree."""
    if n_first != n_second:
        raise ValueError(f"{first} and {second} must agree. Got {n_first} and {n_second}.")
