"""CPU time of one task: everybody interleaved in one process, compared round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SHORTEST = 0.02  # seconds of CPU time below which a task is repeated
LEAST_ROUNDS = 2

Task = Callable[[], Any]
Ratios = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Race:
    """What the tasks returned, and how long they took.

    Parameters
    ----------
    returned : dict
        By name, what the task returned when it ran to warm up.
    times : dict
        By name, seconds of CPU time in each round.
    """

    returned: dict[str, Any]
    times: dict[str, list[float]]

    @property
    def rounds(self) -> int:
        """Rounds that count."""
        return min(map(len, self.times.values()))

    def ratios(self, ours: Mapping[str, Any], peers: Mapping[str, Any]) -> Ratios:
        """Return for each of ours, for each peer, median and quartiles of the ratio of times within a round."""
        return {
            our: {
                peer: spread([a / b for a, b in zip(self.times[our], self.times[peer], strict=True)])
                for peer in peers
                if peer in self.times
            }
            for our in ours
            if our in self.times
        }


def race(tasks: Mapping[str, Task], rounds: int, seconds_a_case: float) -> Race:
    """Run every task once a round, after a round that warms up.

    Parameters
    ----------
    tasks : mapping of str to callable
        What is timed.
    rounds : int
        Most rounds that count; every other one runs backwards.
    seconds_a_case : float
        CPU time after which no round begins, but for the least number of rounds.

    Returns
    -------
    Race
    """
    began = time.process_time()
    returned = {name: task() for name, task in tasks.items()}
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for k in range(rounds):
        if k >= LEAST_ROUNDS and time.process_time() - began > seconds_a_case:
            break
        for name in tasks if k % 2 else reversed(tasks):
            times[name].append(seconds(tasks[name]))
    return Race(returned, times)


def seconds(task: Task) -> float:
    """Return the CPU time of one run, repeated until it is long enough to measure."""
    repeats, elapsed = 0, 0.0
    while elapsed < SHORTEST:
        start = time.process_time()
        task()
        elapsed += time.process_time() - start
        repeats += 1
    return elapsed / repeats


def spread(ratios: list[float]) -> dict[str, float]:
    """Return median and quartiles."""
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": round(median, 3), "lower quartile": round(lower, 3), "upper quartile": round(upper, 3)}


def overall(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each of ours, for each peer who ran every case with it, the geometric mean and the greatest median.

    Parameters
    ----------
    entries : mapping of str to mapping
        By case, an entry with its ``"ratios"``.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    rows = [entry["ratios"] for entry in entries.values()]
    for our in dict.fromkeys(our for ratios in rows for our in ratios):
        for peer in dict.fromkeys(peer for ratios in rows for peer in ratios.get(our, {})):
            if all(peer in ratios.get(our, {}) for ratios in rows):
                medians = {case: entry["ratios"][our][peer]["median"] for case, entry in entries.items()}
                worst = max(medians, key=medians.__getitem__)
                found.setdefault(our, {})[peer] = {
                    "geometric mean": round(statistics.geometric_mean(medians.values()), 3),
                    "greatest": medians[worst],
                    "at": worst,
                }
    return found
