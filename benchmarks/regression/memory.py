"""Peak memory of one fit beyond its input, in copies of X."""

from __future__ import annotations

import resident

from .contenders import EVERYBODY
from .speed import gaussian


def measure(name: str, n: int, p: int) -> float | None:
    """Return the peak in copies of X, or None where the system does not say.

    Parameters
    ----------
    name : str
        A contender.
    n, p : int
        Shape of X, C-contiguous float64.

    Notes
    -----
    The peak counts LAPACK's workspace, which Python's own tracing does not see. Libraries are loaded by a small fit
    before. Pages come in 4 KB to 2 MB, so a peak is known to about 0.02 copies of 100 MB.
    """
    return round(resident.in_fresh_process(peak, name, n, p), 2) if resident.known() else None


def peak(name: str, n: int, p: int) -> float:
    """Return the peak of one fit in this process, in copies of X."""
    X, y = gaussian(n, p)
    fit = EVERYBODY[name].fit
    fit(X[: 2 * p], y[: 2 * p], True)
    return resident.peak(lambda: fit(X, y, True)) / X.nbytes
