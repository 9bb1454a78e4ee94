"""Assignment that looks at a row again only when the centres have moved far enough for its label to change.

When a row is looked at, its nearest centre leads by some distance. Each iteration shortens the lead by at most the way
its own centre has gone and the longest way of another one. A row's *deadline* is the reading of its cluster's
odometer at which the lead is used up: until then its label is proved. (One bound a row, as in G. Hamerly, "Making
k-means even faster", SDM 2010, but never touched until it is due.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from workings.cluster.certified.double_precision import decide
from workings.cluster.certified.single_precision import (
    ROOTS,
    Doubt,
    Packed,
    Target,
    aim,
    block_length,
    look,
    misplacement_doubt,
    rounding_doubt,
    underflow_doubt,
)
from workings.cluster.certified.tournament import Singles
from workings.cluster.distances import Floats, Labels, squared_norms
from workings.cluster.threads import in_order, thread_count

Indices = npt.NDArray[np.intp]

MOST_MISPLACED = 2.0**-30
"""Relative to the largest norm of a row: how far centres may be from the referee's and still be used."""

_FARTHEST = 1.02  # squared norm of a centre, relative to the largest of a row, up to which deadlines hold
_FAR = 8.0  # a shift that uses up every lead, in units of the packed rows
_MANY_PAIRS = 500_000  # of a row and a centre, from which threads pay
_MANY = 0.5  # share of rows due from which all rows are looked at in order, which costs no gathering
_UPWARDS = np.float32(1 + 2.0**-20)  # more than the roundings of a deadline and of the odometer


@dataclass(frozen=True)
class Changes:
    """Rows whose label changed.

    Parameters
    ----------
    rows : ndarray of shape (m,)
        Each once.
    old, new : ndarray of shape (m,)
        Their labels before and after.
    """

    rows: Indices
    old: Labels
    new: Labels

    @staticmethod
    def none() -> Changes:
        """Return no change at all."""
        return Changes(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))

    def real(self) -> Changes:
        """Return those whose label is indeed another one."""
        real = self.old != self.new
        return Changes(self.rows[real], self.old[real], self.new[real])

    @staticmethod
    def joined(parts: Sequence[Changes]) -> Changes:
        """Return the changes of different rows together."""
        if len(parts) == 1:
            return parts[0]
        return Changes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "old", "new")))


@dataclass(frozen=True)
class Outlook:
    """What one assignment did.

    Parameters
    ----------
    changes : Changes
        Of the rows that are decided; not told at the first assignment, where all rows are new.
    open : ndarray of shape (m,)
        Rows that are not decided. They keep their label until somebody else decides.
    seen : int
        How many rows were compared with all centres in float32.
    in_double : int
        How many of them were compared again in double arithmetic.
    """

    changes: Changes
    open: Indices
    seen: int
    in_double: int = 0


class Deadlines:
    """Labels of rows, proved to be those of a referee's arithmetic or left open.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Near the origin, as rows and centres must be for float32 to tell them apart.
    packed : Packed
        The same in float32.
    n_clusters : int
    unit : float
        Roundoff of the referee's own distances; 0 where they are exact.
    remembers : bool, default=False
        Whether the referee's labels carry the roundoff of earlier centres, which may have been farther away.

    Notes
    -----
    Memory: some numbers a row.
    """

    def __init__(self, X: Floats, packed: Packed, n_clusters: int, *, unit: float, remembers: bool = False) -> None:
        self._X, self._packed, self._k, self._unit = X, packed.rows, n_clusters, unit
        self._remembers, self._farthest = remembers, 0.0
        self._scale = packed.scale
        self._due = np.empty(len(X), dtype=np.float32)
        self._odometer = np.zeros(n_clusters)
        self._rounds = 0
        self._threads = thread_count() if len(X) * n_clusters >= _MANY_PAIRS else 1
        self._set = self._setting = False  # whether every row has a deadline, and whether rows are being given one
        d = X.shape[1]
        later = rounding_doubt(d, unit, _FARTHEST) + misplacement_doubt(MOST_MISPLACED, _FARTHEST)
        later += underflow_doubt(d, X.dtype, self._scale)
        # distances that differ by this have squares that differ by more than both doubts
        self._margin = np.float32(1.01 * math.sqrt(2 * (later.slope + later.level)) + ROOTS)
        self.labels: Labels = np.full(len(X), -1, dtype=np.int32)

    def assign(self, centers: Floats, error: float) -> Outlook:
        """Look at the rows that are due.

        Parameters
        ----------
        centers : ndarray of shape (k, d), float64
        error : float
            How far each may be from the referee's; at most `MOST_MISPLACED` times the radius.

        Returns
        -------
        Outlook
        """
        scaled = centers * self._scale
        largest = float(squared_norms(scaled).max())
        if self._remembers:
            largest = self._farthest = max(self._farthest, largest)
        d = self._X.shape[1]
        doubt = rounding_doubt(d, self._unit, largest) + misplacement_doubt(error * self._scale, largest)
        doubt += underflow_doubt(d, self._X.dtype, self._scale)
        target = aim(scaled, doubt)
        # deadlines hold for centres among the rows, and the first steps are too long for them to pay
        self._setting = self._rounds > 0 and largest < _FARTHEST
        visits = in_order(partial(self._visit, target=target), self._itinerary(), self._threads)
        changes = Changes.joined([visit.changes for visit in visits])
        open_rows = np.concatenate([visit.open for visit in visits])
        decided, still_open = self._in_double(open_rows, scaled, doubt)
        self._rounds += 1
        self._set = self._setting
        changes = Changes.joined([changes, decided]) if len(decided.rows) else changes
        return Outlook(changes, still_open, sum(visit.seen for visit in visits), len(open_rows))

    def overrule(self, rows: Indices, labels: Labels) -> Changes:
        """Take labels that a referee has given to open rows."""
        old = self.labels.take(rows)
        self.labels[rows] = labels
        return Changes(rows, old, labels).real()

    def moved(self, shifts: Floats) -> None:
        """Take note of how far each centre has moved."""
        scaled = np.minimum(shifts * self._scale, _FAR)
        farthest = scaled.argmax()
        self._odometer += scaled + scaled[farthest]
        scaled[farthest], own = 0, scaled[farthest]
        self._odometer[farthest] += scaled.max() - own

    def _itinerary(self) -> Iterator[slice | Indices]:
        n, step = len(self._X), block_length(self._k, self._X.shape[1])
        if self._set and self._setting:
            due = np.flatnonzero(~(self._due > (self._reading() * _UPWARDS).take(self.labels)))  # NaN is due
            if len(due) < _MANY * n:
                return (due[start : start + step] for start in range(0, max(len(due), 1), step))
        return (slice(start, start + step) for start in range(0, n, step))

    def _reading(self) -> Singles:
        return self._odometer.astype(np.float32)

    def _visit(self, rows: slice | Indices, target: Target) -> Outlook:
        packed = self._packed[rows] if isinstance(rows, slice) else self._packed.take(rows, axis=0)
        with np.errstate(over="ignore", invalid="ignore"):  # centres out of the range of float32 leave their rows open
            verdict = look(packed, target)
        is_open = np.flatnonzero(verdict.open())
        labels, old = verdict.labels, self.labels[rows]
        labels[is_open] = old[is_open]
        if self._rounds == 0:
            self.labels[rows] = labels
            return Outlook(Changes.none(), _absolute(is_open, rows), len(packed))
        if self._setting:
            due = verdict.lead()
            due += (self._reading() - self._margin).take(labels)
            due[is_open] = -np.inf
            self._due[rows] = due
        place = np.flatnonzero(labels != old)
        changes = Changes(_absolute(place, rows), old[place], labels[place])
        self.labels[changes.rows] = changes.new
        return Outlook(changes, _absolute(is_open, rows), len(packed))

    def _in_double(self, rows: Indices, centers: Floats, doubt: Doubt) -> tuple[Changes, Indices]:
        """Decide open rows in double arithmetic, where it can; the rows that it cannot decide come back."""
        if not len(rows):
            return Changes.none(), rows
        labels, proved = np.empty(len(rows), dtype=np.int32), np.empty(len(rows), dtype=np.bool_)
        step = block_length(self._k, self._X.shape[1])
        for start in range(0, len(rows), step):
            span = slice(start, start + step)
            X = np.multiply(self._X.take(rows[span], axis=0), self._scale, dtype=np.float64)
            labels[span], proved[span] = decide(X, centers, doubt)
        return self.overrule(rows[proved], labels[proved]), rows[~proved]


def _absolute(places: Indices, rows: slice | Indices) -> Indices:
    return places + rows.start if isinstance(rows, slice) else rows[places]
