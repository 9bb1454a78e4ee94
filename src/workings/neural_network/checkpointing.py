"""Where trainings write their state to while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Checkpoint:
    """Where the trainings inside ``with checkpoint(...)`` leave their state.

    Parameters
    ----------
    write : callable
        Takes the estimator.
    every : int
        Epochs or iterations from one writing to the next.
    """

    write: Callable[[Any], None]
    every: int


_checkpoint: ContextVar[Checkpoint | None] = ContextVar("checkpoint", default=None)


def current_checkpoint() -> Checkpoint | None:
    """Return the innermost open checkpoint, or None."""
    return _checkpoint.get()


@contextmanager
def open_checkpoint(checkpoint: Checkpoint) -> Iterator[None]:
    """Let the trainings inside the block write checkpoints.

    Parameters
    ----------
    checkpoint : Checkpoint

    Yields
    ------
    None
    """
    token = _checkpoint.set(checkpoint)
    try:
        yield
    finally:
        _checkpoint.reset(token)
