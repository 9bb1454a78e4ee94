"""Peak memory of one fit beyond its input, in copies of X: a fresh process a fit, as the system counts its pages."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .cases import Case
from .contenders import EVERYBODY

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
RETURN_FREED = {"MALLOC_MMAP_THRESHOLD_": "131072"}  # else a fit may reuse what making the data has freed, unseen


def measure(name: str, case: Case) -> float | None:
    """Return the peak in copies of X, or None where the system does not say.

    Notes
    -----
    Libraries are loaded by a small fit before. Pages come in 4 KB to 2 MB, so a peak is known to about 0.1 copies of
    16 MB.
    """
    if not (STATUS.exists() and CLEAR.exists()):
        return None
    os.environ.update(RETURN_FREED)
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return round(pool.submit(peak, name, case).result(), 2)
    finally:
        for variable in RETURN_FREED:
            del os.environ[variable]


def peak(name: str, case: Case) -> float:
    """Return the peak of one fit in this process, in copies of X."""
    X = case.rows()
    init = case.initial_centers(X)
    fit = EVERYBODY[name].fit
    parameters = {"n_clusters": case.k, "init": init, "n_init": 1, "max_iter": case.max_iter}
    fit(X[: 2 * case.k], **parameters)
    CLEAR.write_text(FORGET_PEAK)
    before = _kilobytes("VmRSS")
    model = fit(X, **parameters)
    beyond = _kilobytes("VmHWM") - before
    del model  # it was alive at the peak
    return 1024 * beyond / X.nbytes


def _kilobytes(field: str) -> int:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])
