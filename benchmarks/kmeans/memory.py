"""Peak memory of one fit beyond its input, in copies of X."""

from __future__ import annotations

import resident

from .cases import Case
from .contenders import EVERYBODY


def measure(name: str, case: Case) -> float | None:
    """Return the peak in copies of X, or None where the system does not say.

    Notes
    -----
    Libraries are loaded by a small fit before. Pages come in 4 KB to 2 MB, so a peak is known to about 0.1 copies of
    16 MB.
    """
    return round(resident.in_fresh_process(peak, name, case), 2) if resident.known() else None


def peak(name: str, case: Case) -> float:
    """Return the peak of one fit in this process, in copies of X."""
    X = case.rows()
    init = case.initial_centers(X)
    fit = EVERYBODY[name].fit
    parameters = {"n_clusters": case.k, "init": init, "n_init": 1, "max_iter": case.max_iter}
    fit(X[: 2 * case.k], **parameters)
    return resident.peak(lambda: fit(X, **parameters)) / X.nbytes
