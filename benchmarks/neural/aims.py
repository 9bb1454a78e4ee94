"""What the figures should reach, and whether they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .contenders import FAST, OURS_FIRST, PEER_FIRST


@dataclass(frozen=True)
class Aim:
    """A limit of one figure.

    Parameters
    ----------
    part, group : str
        Where it is measured.
    path : tuple of str
        Where it is found in the group's summary.
    limit : float
    at_least : bool
        Whether the limit is a least value.
    """

    part: str
    group: str
    path: tuple[str, ...]
    limit: float
    at_least: bool = False

    @property
    def label(self) -> str:
        """What is limited, in words."""
        return ", ".join((self.part, self.group, *self.path))

    def found(self, summaries: Mapping[str, Any]) -> float | None:
        """Return the figure, or None if it was not measured."""
        value: Any = summaries
        for key in (self.part, self.group, *self.path):
            if key not in value:
                return None
            value = value[key]
        return value

    def meets(self, value: float) -> bool:
        """Return whether a figure is within the limit."""
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def of_every_case(self) -> bool:
        """Whether it is a limit of each case's ratio."""
        return self.path[-1] == "greatest"

    def misses_case(self, part: str, group: str, our: str, peer: str, ratio: float) -> bool:
        """Return whether the aim is one of every case's ratio of these two, and a case misses it."""
        return (self.part, self.group, self.path) == (part, group, (our, peer, "greatest")) and not self.meets(ratio)


def _ratio(part: str, group: str, statistic: str, limit: float, our: str = OURS_FIRST) -> Aim:
    return Aim(part, group, (our, PEER_FIRST, statistic), limit)


AIMS = (
    _ratio("fits", "float64", "geometric mean", 0.55),
    _ratio("fits", "float64", "greatest", 0.90),
    _ratio("fits", "float64", "geometric mean", 0.45, FAST),
    _ratio("fits", "float32", "geometric mean", 0.50),
    Aim("lbfgs", "runs", ("agreement", "share"), 0.9, at_least=True),
    _ratio("lbfgs", "runs", "geometric mean", 0.95),
    _ratio("inference", "one row", "greatest", 0.30),
    _ratio("inference", "batches", "greatest", 1.05),
)


def judge(summaries: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every aim with what was found and whether it is met; None for both where it was not measured.

    Parameters
    ----------
    summaries : mapping
        By part, by group, its summary.
    """
    found = [(aim, aim.found(summaries)) for aim in AIMS]
    return [
        {
            "aim": aim.label,
            "at least" if aim.at_least else "at most": aim.limit,
            "found": value,
            "met": None if value is None else aim.meets(value),
        }
        for aim, value in found
    ]
