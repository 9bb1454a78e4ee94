"""Peak memory of one fit beyond its input, in copies of X: a fresh process a fit, as the system counts its pages."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .contenders import EVERYBODY
from .speed import gaussian

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
RETURN_FREED = {"MALLOC_MMAP_THRESHOLD_": "131072"}  # else a fit may reuse what making the data has freed, unseen


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
    if not (STATUS.exists() and CLEAR.exists()):
        return None
    os.environ.update(RETURN_FREED)
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return round(pool.submit(peak, name, n, p).result(), 2)
    finally:
        for variable in RETURN_FREED:
            del os.environ[variable]


def peak(name: str, n: int, p: int) -> float:
    """Return the peak of one fit in this process, in copies of X."""
    X, y = gaussian(n, p)
    fit = EVERYBODY[name].fit
    fit(X[: 2 * p], y[: 2 * p], True)
    CLEAR.write_text(FORGET_PEAK)
    before = _kilobytes("VmRSS")
    model = fit(X, y, True)
    beyond = _kilobytes("VmHWM") - before
    del model  # it was alive at the peak
    return 1024 * beyond / X.nbytes


def _kilobytes(field: str) -> int:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])
