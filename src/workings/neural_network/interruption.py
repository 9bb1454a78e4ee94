"""Ctrl-C between two steps and never in the middle of one, so that what is kept can be used and gone on from."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


class Interruption:
    """Holds back a first Ctrl-C while the ``with`` block runs; a second one interrupts at once.

    Attributes
    ----------
    asked : bool
        Whether Ctrl-C was pressed.

    Notes
    -----
    Does nothing outside the main thread, or where the program has a handler of its own for the signal.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._hold_back)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.asked:
            raise KeyboardInterrupt

    def _hold_back(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True


@contextmanager
def interruptible(standing: Callable[[], str]) -> Iterator[Interruption]:
    """Say how far a training has come when it is interrupted.

    Parameters
    ----------
    standing : callable
        Returns a sentence.

    Yields
    ------
    Interruption

    Warns
    -----
    UserWarning
        On Ctrl-C, which ends the block and goes no further. Any other exception gets the sentence as a note.
    """
    try:
        with Interruption() as interruption:
            yield interruption
            interruption.check()
    except KeyboardInterrupt:
        warnings.warn(f"Training interrupted by user. {standing()}", stacklevel=4)
    except BaseException as error:
        error.add_note(standing())
        raise
