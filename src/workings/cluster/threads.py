"""Blocks of rows on several threads: NumPy lets go of the interpreter while it computes.

The BLAS has threads of its own, and those of two callers get into each other's way. Blocks therefore have threads only
where the BLAS has one: with ``OPENBLAS_NUM_THREADS=1`` in the environment. How many, ``OMP_NUM_THREADS`` says, as it
does for scikit-learn; else there is one a processor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Answer = TypeVar("Answer")


def thread_count() -> int:
    """Return how many threads blocks of rows may have."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        return 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(function: Callable[[Block], Answer], blocks: Iterable[Block], threads: int) -> list[Answer]:
    """Return the function's answers in the order of the blocks.

    Parameters
    ----------
    function : callable
        Of one block; it may write to that block's own part of a common array.
    blocks : iterable
    threads : int

    Returns
    -------
    list
    """
    if threads == 1:
        return [function(block) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, blocks))
