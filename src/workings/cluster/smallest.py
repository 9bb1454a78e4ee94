"""Which entry of each row of a table is the smallest, for the narrow tables that NumPy finds slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats

_MOST_COLUMNS = 16
_ROWS_A_COLUMN = 256  # from which a handful of calls a column costs less than what it saves


def index_of_smallest(table: Floats) -> npt.NDArray[Any]:
    """Return the index of the smallest entry of each row, the lowest on a tie.

    Parameters
    ----------
    table : ndarray of shape (m, k)
        Without NaN.

    Returns
    -------
    ndarray of shape (m,), of an integer type

    Notes
    -----
    mk comparisons. `numpy.argmin` branches at each of them; column by column there is nothing to branch on.
    """
    m, k = table.shape
    if k > _MOST_COLUMNS or m < _ROWS_A_COLUMN * k:
        return np.asarray(table.argmin(axis=1))
    columns = table.T.copy()
    smallest, *others = columns
    index = np.zeros(m, dtype=np.uint8)
    for number, column in enumerate(others, 1):
        smaller = (column < smallest).view(np.uint8)
        smaller *= np.uint8(number)
        np.maximum(index, smaller, out=index)  # later numbers are larger
        np.minimum(smallest, column, out=smallest)
    return index
