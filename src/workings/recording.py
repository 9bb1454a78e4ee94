"""The flight recorder: what a fit did at each step, without a parameter on any estimator.

Estimators ask `start_recording` once a fit. Outside ``with record():`` the answer is ``None`` and nothing else
happens; inside, every step that they write lands on the tape, also from within a pipeline or a grid search.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_open_tapes: ContextVar[tuple[tuple[Tape, Callback | None], ...]] = ContextVar("open_tapes", default=())
_current: ContextVar[Recorder | None] = ContextVar("current", default=None)


Callback = Callable[["Step"], object]


@dataclass(frozen=True)
class Step:
    """One recorded step.

    Parameters
    ----------
    fit : int
        Which fit on this tape, counted from 0.
    estimator : str
        Class name of the estimator that wrote it.
    event : str
        What kind of step: ``"iteration"``, ``"update"``, ``"epoch"``, ``"factorisation"``, ...
    values : mapping
        The numbers of the step; arrays only on a tape made with ``record(arrays=True)``.
    """

    fit: int
    estimator: str
    event: str
    values: Mapping[str, Any]


@dataclass
class Tape:
    """The steps that were recorded, in the order in which they happened.

    Parameters
    ----------
    keeps_arrays : bool
        Whether arrays (gradients, labels, centres) are copied onto the tape beside the scalars.
    steps : list of Step
        In the order in which they happened.
    fits : int
        Number of fits that began on this tape.

    Notes
    -----
    Memory is one `Step` a recorded step, plus a copy of each array where `keeps_arrays` is true: an epoch-wise
    training of a large network then holds one copy of all gradients *per update*.
    """

    keeps_arrays: bool = False
    steps: list[Step] = field(default_factory=list)
    fits: int = 0

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<Tape: {len(self.steps)} steps of {self.fits} fits>"

    def select(self, event: str | None = None) -> list[Step]:
        """Return the steps of one kind of event, or all of them.

        Parameters
        ----------
        event : str, optional
            Kind of event to keep.

        Returns
        -------
        list of Step

        Raises
        ------
        ValueError
            If the tape holds no step of that kind; the message lists the kinds that it holds.
        """
        if event is None:
            return list(self.steps)
        chosen = [step for step in self.steps if step.event == event]
        if not chosen:
            kinds = sorted({step.event for step in self.steps})
            raise ValueError(f"The tape holds no step of the kind {event!r}; it holds {kinds}.")
        return chosen

    def frame(self, event: str | None = None) -> pd.DataFrame:
        """Return the scalars of the tape as a table, a row a step.

        Parameters
        ----------
        event : str, optional
            Keep only the steps of this kind; by default all steps, with missing values where a kind of step
            does not have a column.

        Returns
        -------
        DataFrame
            Columns ``fit``, ``estimator``, ``event``, then the scalars in the order in which they first appear.

        Examples
        --------
        >>> import numpy as np, workings
        >>> from workings.cluster import KMeans
        >>> with workings.record() as tape:
        ...     _ = KMeans(2, n_init=1, random_state=0).fit(np.array([[0.0], [1.0], [9.0], [10.0]]))
        >>> list(tape.frame("iteration")["inertia"])
        [2.0, 1.0]
        """
        rows = [
            {"fit": step.fit, "estimator": step.estimator, "event": step.event}
            | {name: value for name, value in step.values.items() if np.ndim(value) == 0}
            for step in self.select(event)
        ]
        return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["fit", "estimator", "event"])

    def arrays(self, name: str) -> list[npt.NDArray[Any]]:
        """Return the recorded arrays called `name`, in order.

        Parameters
        ----------
        name : str
            Such as ``"labels"`` or ``"gradient_coefs_0"``.

        Returns
        -------
        list of ndarray

        Raises
        ------
        ValueError
            If the tape does not keep arrays, or holds none of that name.
        """
        if not self.keeps_arrays:
            raise ValueError("This tape holds scalars only; record with `workings.record(arrays=True)`.")
        found = [step.values[name] for step in self.steps if name in step.values]
        if not found:
            names = sorted({key for step in self.steps for key, value in step.values.items() if np.ndim(value)})
            raise ValueError(f"The tape holds no array called {name!r}; it holds {names}.")
        return found


class Recorder:
    """Writes the steps of one fit onto every open tape, and tells their callbacks."""

    def __init__(self, estimator: str, tapes: tuple[tuple[Tape, Callback | None], ...]) -> None:
        self._estimator = estimator
        self._tapes = tuple(tape for tape, _ in tapes)
        self._callbacks = tuple(callback for _, callback in tapes)
        self._fits = tuple(tape.fits for tape in self._tapes)
        for tape in self._tapes:
            tape.fits += 1

    @property
    def wants_arrays(self) -> bool:
        """Whether some open tape keeps arrays; what is costly to compute is only worth it then."""
        return any(tape.keeps_arrays for tape in self._tapes)

    def write(self, event: str, **values: Any) -> None:
        """Record one step, then call the callbacks; arrays are copied, and only onto tapes that keep them.

        Parameters
        ----------
        event : str
            Kind of step.
        **values
            Scalars and arrays by name.
        """
        scalars = {name: value for name, value in values.items() if np.ndim(value) == 0}
        steps: list[Step] = []
        for tape, fit in zip(self._tapes, self._fits, strict=True):
            kept = scalars
            if tape.keeps_arrays:
                kept = {
                    name: value if name in scalars else np.array(value, copy=True) for name, value in values.items()
                }
            steps.append(Step(fit, self._estimator, event, kept))
            tape.steps.append(steps[-1])
        for step, callback in zip(steps, self._callbacks, strict=True):
            if callback is not None:
                callback(step)


def start_recording(estimator: object) -> Recorder | None:
    """Return a recorder for one fit of `estimator`, or None when nobody is recording.

    Parameters
    ----------
    estimator : object
        The estimator that is about to be fitted; its class name goes onto the tape.

    Returns
    -------
    Recorder or None
    """
    tapes = _open_tapes.get()
    if not tapes:
        return None
    recorder = Recorder(type(estimator).__name__, tapes)
    _current.set(recorder)
    return recorder


def current_recorder() -> Recorder | None:
    """Return the recorder of the fit that began last, or None when nobody is recording.

    Returns
    -------
    Recorder or None
        For iterations deep inside a fit that write as they go, so that the tape also shows one that ends in an error.
    """
    return _current.get()


@contextmanager
def record(*, arrays: bool = False, callback: Callback | None = None) -> Iterator[Tape]:
    """Record what the estimators of this package do inside the ``with`` block.

    Parameters
    ----------
    arrays : bool, default=False
        Also keep a copy of each array (gradients, updates, labels, centres). Scalars are always kept.
    callback : callable, optional
        Called with each `Step` as soon as it is on the tape: for a progress bar, an alarm, an early end. An exception
        in it ends the fit and reaches the caller; a neural network then stays fitted with what it has learnt so far,
        and `resume` can go on with its training.

    Yields
    ------
    Tape
        Fills up while the block runs and stays readable afterwards.

    Warns
    -----
    UserWarning
        If the block ended without an error and nothing was recorded.

    Notes
    -----
    Fails when the fit runs elsewhere: another process or thread (``n_jobs`` above 1 in a grid search) does not see
    the tape. Recording changes no result; off, it costs one look-up a fit. Blocks may be nested: each tape gets
    every step.

    Examples
    --------
    >>> import numpy as np, workings
    >>> from workings.linear_model import LinearRegression
    >>> with workings.record() as tape:
    ...     _ = LinearRegression().fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> "factorisation" in set(tape.frame()["event"])
    True

    A callback that ends a training as soon as the loss is small enough:

    >>> class Enough(Exception):
    ...     pass
    >>> def stop(step):
    ...     if step.event == "epoch" and step.values["loss"] < 0.1:
    ...         raise Enough
    >>> network = workings.MLPRegressor(hidden_layer_sizes=(5,), learning_rate_init=0.1, random_state=0)
    >>> x = np.linspace(0.0, 1.0, 20).reshape(-1, 1)
    >>> try:
    ...     with workings.record(callback=stop):
    ...         _ = network.fit(x, x.ravel())
    ... except Enough:
    ...     print(network.loss_ < 0.1, network.n_iter_ < 200)
    True True
    """
    tape = Tape(keeps_arrays=arrays)
    token = _open_tapes.set((*_open_tapes.get(), (tape, callback)))
    try:
        yield tape
    finally:
        _open_tapes.reset(token)
        _current.set(None)
    if not tape.steps:
        warnings.warn(
            "Nothing was recorded: no estimator of workings was fitted inside the block, or it was fitted in "
            "another process or thread (n_jobs above 1).",
            UserWarning,
            stacklevel=3,
        )
