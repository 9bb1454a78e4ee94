"""Peak memory of one task beyond what it begins with: a fresh process a task, as the system counts its pages."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
RETURN_FREED = {"MALLOC_MMAP_THRESHOLD_": "131072"}  # else a task may reuse what making the data has freed, unseen


def known() -> bool:
    """Return whether the system tells a process its peak memory."""
    return STATUS.exists() and CLEAR.exists()


def in_fresh_process(measure: Callable[..., float], *arguments: Any) -> float:
    """Return what a function of a module, which is imported anew, returns in a process of its own."""
    os.environ.update(RETURN_FREED)
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(measure, *arguments).result()
    finally:
        for variable in RETURN_FREED:
            del os.environ[variable]


def peak(task: Callable[[], Any]) -> int:
    """Return by how many bytes this process grows at most while the task runs.

    Notes
    -----
    Counts the workspace of libraries, which Python's own tracing does not see. Pages come in 4 KB to 2 MB.
    """
    CLEAR.write_text(FORGET_PEAK)
    before = _kilobytes("VmRSS")
    returned = task()
    beyond = _kilobytes("VmHWM") - before
    del returned  # it was alive at the peak
    return 1024 * beyond


def _kilobytes(field: str) -> int:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])
