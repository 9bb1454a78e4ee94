"""CPU time of one fit: our solvers and the peers interleaved in one process, compared pair by pair."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from race import Task, seconds, spread

from .contenders import OURS, PEERS, Contender, Floats


def gaussian(n: int, p: int, apart: float | None = None) -> tuple[Floats, Floats]:
    """Return n rows of p independent standard normal columns, and a plane on them with standard normal noise.

    With `apart`, the first column is the second, and so much of itself.
    """
    rng = np.random.RandomState(n + p)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    if apart is not None:
        X[:, 0] = X[:, 1] + apart * X[:, 0]
    y += X @ rng.standard_normal(p)
    return X, y


def race_fits(n: int, p: int, pairs: int, tick: Task, *, apart: float | None = None) -> dict[str, Any]:
    """Compare the time of a fit with an intercept; see `race` and `gaussian`."""
    X, y = gaussian(n, p, apart)

    def task(contender: Contender) -> Task:
        return lambda: contender.fit(X, y, True)

    return race(
        {name: task(contender) for name, contender in OURS.items()},
        {name: task(contender) for name, contender in PEERS.items()},
        pairs,
        tick,
    )


def race_standard_errors(n: int, p: int, pairs: int, tick: Task) -> dict[str, Any]:
    """Compare the time of a fit and its standard errors, among those who give them; see `race`."""
    X, y = gaussian(n, p)

    def tasks(contenders: Mapping[str, Contender]) -> dict[str, Task]:
        return {name: task(c.fit, c.standard_errors) for name, c in contenders.items() if c.standard_errors is not None}

    def task(fit: Callable[..., Any], standard_errors: Callable[..., Floats]) -> Task:
        return lambda: standard_errors(fit(X, y, True), X, y)

    return race(tasks(OURS), tasks(PEERS), pairs, tick)


def race(ours: Mapping[str, Task], peers: Mapping[str, Task], pairs: int, tick: Task) -> dict[str, Any]:
    """Run every task once a round, and take the ratios of ours to theirs within the round.

    Parameters
    ----------
    ours, peers : mapping of str to callable
        What is timed.
    pairs : int
        Number of rounds that count, at least 2. One round before them warms up; every other round runs backwards.
    tick : callable
        Called after each round.

    Returns
    -------
    dict
        ``"ratios"``: for each of ours, for each peer, median and quartiles; ``"refused"``: the words of those that
        raise a ValueError instead, which take no further part.
    """
    tasks = {**peers, **ours}
    refused = {name: words for name, task in tasks.items() if (words := refusal(task)) is not None}
    running = [name for name in tasks if name not in refused]
    times: dict[str, list[float]] = {name: [] for name in running}
    tick()
    for k in range(pairs):
        for name in running if k % 2 else reversed(running):
            times[name].append(seconds(tasks[name]))
        tick()
    ratios = {
        our: {
            peer: spread([a / b for a, b in zip(times[our], times[peer], strict=True)])
            for peer in peers
            if peer in times
        }
        for our in ours
        if our in times
    }
    return {"ratios": ratios, "refused": refused}


def refusal(task: Task) -> str | None:
    """Run a task once; return what it says if it refuses."""
    try:
        task()
    except ValueError as error:
        return str(error)
    return None


def overall(speed: Mapping[str, Any], peer: str = "scikit-learn") -> dict[str, dict[str, float]]:
    """Return, for each of ours that solved every shape, the geometric mean of its medians and the greatest.

    Parameters
    ----------
    speed : mapping of str to dict
        By shape, what `race` returned.
    peer : str
        Whom the ratios refer to.
    """
    entries = [entry["ratios"] for entry in speed.values()]
    names = [name for name in OURS if entries and all(peer in entry.get(name, {}) for entry in entries)]
    medians = {name: [entry[name][peer]["median"] for entry in entries] for name in names}
    return {
        name: {"geometric mean": round(statistics.geometric_mean(values), 3), "greatest": max(values)}
        for name, values in medians.items()
    }
