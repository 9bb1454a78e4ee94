"""Rows that are not looked at, while the centres wander: their labels against those of exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cluster.certified.oracle import Distances, exact, hard_problems, unit_ball

from workings.cluster.certified import deadlines as module
from workings.cluster.certified.deadlines import MOST_MISPLACED, Changes, Deadlines
from workings.cluster.certified.single_precision import (
    Target,
    Verdict,
    misplacement_doubt,
    pack,
    rounding_doubt,
)
from workings.cluster.dense import DenseRows
from workings.cluster.distances import roundoff, squared_norms


def begun(X: np.ndarray, k: int, unit: float = 0.0) -> Deadlines:
    return Deadlines(X, pack(X, squared_norms(X)), k, unit=unit)


def lengths(differences: np.ndarray) -> np.ndarray:
    return np.sqrt(squared_norms(differences))


class Witness:
    """Follows deadlines from centres to centres, and holds every label against exact arithmetic.

    The proof that is asked for: whoever is not open leads by more than the referee can be wrong.
    """

    def __init__(self, X: np.ndarray, k: int, unit: float = 0.0) -> None:
        self.X, self.unit = X, unit
        self.deadlines = begun(X, k, unit)
        self.scale = pack(X, squared_norms(X)).scale
        self.norms = (exact(X * self.scale) ** 2).sum(axis=1)
        self.at: np.ndarray | None = None
        self.seen: list[int] = []
        self.open: list[int] = []

    def go(self, centers: np.ndarray, error: float = 0.0) -> None:
        if self.at is not None:
            self.deadlines.moved(lengths(centers - self.at))
        self.at = centers
        before = self.deadlines.labels.copy()
        outlook = self.deadlines.assign(centers, error)
        self.seen.append(outlook.seen)
        self.open.append(len(outlook.open))
        truth = Distances(self.X.astype(np.float64) * self.scale, centers * self.scale)
        self.assert_proved(truth, outlook.open, error * self.scale)
        overruled = self.deadlines.overrule(outlook.open, truth.labels()[outlook.open])
        labels = self.deadlines.labels
        assert np.array_equal(labels, truth.labels())
        if len(self.seen) > 1:
            self.assert_told(before, Changes.joined([outlook.changes, overruled]))

    def assert_proved(self, truth: Distances, undecided: np.ndarray, error: float) -> None:
        decided = np.ones(len(self.X), dtype=bool)
        decided[undecided] = False
        labels = self.deadlines.labels
        if truth.whole.shape[1] == 1:
            assert decided.all()
            return
        assert self.at is not None
        largest = float(squared_norms(self.at * self.scale).max())
        doubt = rounding_doubt(self.X.shape[1], self.unit, largest) + misplacement_doubt(error, largest)
        needed = 2 * (Fraction(doubt.slope) * self.norms + Fraction(doubt.level)) * Fraction(999_999, 1_000_000)
        gap = (truth.to_others(labels) - truth.of(labels)) * truth.unit
        assert (gap[decided] > needed[decided]).all()

    def assert_told(self, before: np.ndarray, changes: Changes) -> None:
        after = self.deadlines.labels
        order = np.argsort(changes.rows)
        assert np.array_equal(changes.rows[order], np.flatnonzero(before != after))
        assert np.array_equal(changes.old, before[changes.rows])
        assert np.array_equal(changes.new, after[changes.rows])

    def follow(self, walk: Iterable[np.ndarray], error: float = 0.0) -> None:
        for centers in walk:
            self.go(centers, error)


def random_walk(rng: np.random.RandomState, X: np.ndarray, k: int, steps: list[tuple[int, str]]) -> Any:
    centers = X[rng.permutation(len(X))[:k]].astype(np.float64)
    yield centers
    for exponent, who in steps:
        step = rng.standard_normal(centers.shape) * 10.0**exponent * np.abs(X).max()
        if who == "one":
            step[np.arange(k) != rng.randint(k)] = 0
        elif who == "together":
            step[:] = step[0]
        elif who == "two":
            step[2:] = 0
        elif who == "away":  # out of the ball of the rows, in which deadlines hold
            step[0] = 3 * np.abs(X).max()
        elif who == "back":
            step = X[rng.permutation(len(X))[:k]] - centers
        elif who == "one place":
            step = centers[:1] - centers
        centers = centers + step
        yield centers


KINDS = ["all", "one", "two", "together", "away", "back", "one place", "nobody"]


@given(
    seed=st.integers(0, 10**6),
    k=st.integers(1, 5),
    d=st.integers(1, 4),
    size=st.sampled_from([2.0**-40, 1.0, 2.0**40]),
    error=st.sampled_from([0.0, 2.0**-45, MOST_MISPLACED]),
    unit=st.sampled_from([0.0, 2.0**-53, 2.0**-24]),
    steps=st.lists(st.tuples(st.integers(-8, 0), st.sampled_from(KINDS)), min_size=1, max_size=12),
)
def test_labels_are_the_nearest_wherever_the_centers_go(seed, k, d, size, error, unit, steps):
    rng = np.random.RandomState(seed)
    X = unit_ball(rng.standard_normal((40, d)))
    if seed % 3 == 0:  # a lattice has rows exactly between centres
        X = np.round(X * 8) / 8
        X[0] = 0.5
    X *= size
    witness = Witness(X, k, unit)
    witness.follow(random_walk(rng, X, k, steps), error * 0.5 * size)


@pytest.mark.parametrize("k", [3, 65, 70])
def test_a_long_walk_of_shrinking_steps(k):
    rng = np.random.RandomState(k)
    X = unit_ball(rng.standard_normal((150, 2)))
    witness = Witness(X, k)
    witness.follow(random_walk(rng, X, k, [(-1 - i // 4, "all") for i in range(24)]))
    assert sum(witness.seen[10:]) < 0.3 * len(X) * len(witness.seen[10:])  # that is what deadlines are for


def line(n: int) -> np.ndarray:
    return np.linspace(-0.99, 0.99, n)[:, np.newaxis]


@pytest.mark.parametrize("step", [1e-2, 1e-3, 3e-5])
@pytest.mark.parametrize("unit", [0.0, 2.0**-24])
def test_a_boundary_that_sweeps_over_a_line_of_rows(step, unit):
    # both centres go the same way, so each lead is used up at exactly the rate that the odometer tells
    X = np.sort(np.concatenate([line(60), np.linspace(-1e-3, 1e-3, 100)[:, np.newaxis]]), axis=0)
    witness = Witness(X, 2, unit)
    begin = np.array([[-0.4], [0.4]]) - 40 * step
    witness.follow((begin + i * step for i in range(80)), MOST_MISPLACED / 2)
    if unit == 0:
        assert 0 < sum(witness.seen[2:]) < 0.7 * 78 * len(X)


@pytest.mark.parametrize("mover", [0, 1])
def test_a_single_center_that_comes_nearer(mover):
    X = line(101)
    begin = np.array([[-0.5], [0.5]])
    direction = np.array([[1.0], [0.0]]) if mover == 0 else np.array([[0.0], [-1.0]])
    witness = Witness(X, 2)
    witness.follow(begin + direction * t for t in np.arange(0, 0.9, 0.01))


@pytest.mark.parametrize("way", [1e3, 1e5])
def test_deadlines_hold_when_the_odometer_has_come_far(way):
    # float32 tells readings of 1000 apart by 6e-5 only, more than these steps
    X = np.linspace(-1, 0.5, 200)[:, np.newaxis] * 1e-2 + 0.6
    X[0] = -0.9
    witness = Witness(X, 2)
    begin = np.array([[0.4], [0.8]])
    witness.go(begin)
    witness.deadlines.moved(np.full(2, way / 2))
    witness.follow(begin - 2e-5 * i for i in range(200))


def test_who_is_looked_at_again_by_hand():
    # leads are 2|x| between the centres, and 1 beyond them; nothing is looked at while they last
    X = np.array([-0.9, -0.4, -0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.4, 0.9])[:, np.newaxis]
    at = np.array([[-0.5], [0.5]])
    witness = Witness(X, 2)
    for _ in range(3):
        witness.go(at)
    for step, looked_at in [
        ([0.06, 0.06], 0),  # of 0.2, which the least lead is, 0.12 are used up
        ([0.06, 0.06], 2),  # 0.24: the rows at -0.1 and 0.1 are due; they lead by 0.44 and, on the other side, 0.04
        ([0.0, 0.0], 0),
        ([0.0, 0.03], 0),  # the row at 0.1 has 0.01 of its 0.04 left
        ([0.0, 0.03], 1),
    ]:
        at = at + np.array(step)[:, np.newaxis]
        witness.go(at)
        assert witness.seen[-1] == looked_at


def test_the_center_that_moves_farthest_is_charged_with_the_second_farthest():
    # shifts 0.25, 0.05 and 0: leads of the three clusters shrink by at most 0.3, 0.3 and 0.25
    centers = np.array([[-0.6, 0.0], [0.0, 0.6], [0.6, 0.0]])
    X = centers.repeat([1, 1, 6], axis=0)  # each leads by 0.6 * sqrt(2) = 0.849
    deadlines = begun(X, 3)
    for _ in range(3):
        deadlines.assign(centers, 0.0)
    for looked_at in (0, 0, 2):  # 0.3, 0.6 and 0.9 are used up by the first two, 0.75 by the others
        deadlines.moved(np.array([0.25, 0.05, 0.0]))
        assert deadlines.assign(centers, 0.0).seen == looked_at


def tight(packed: np.ndarray, target: Target) -> Verdict:
    """Bounds that leave out float32: nothing but the doubt of the referee stands between them and the truth."""
    d = packed.shape[1] - 2
    X, centers = packed[:, :d].astype(np.float64), target.table[:, :d].astype(np.float64) / -2
    squares = ((X[:, np.newaxis] - centers) ** 2).sum(axis=2)
    rows = np.arange(len(X))
    labels = squares.argmin(axis=1).astype(np.int32)
    nearest = squares[rows, labels]
    squares[rows, labels] = np.inf
    doubt = target.doubt.slope * squared_norms(X) + target.doubt.level
    up, down = np.float32(np.inf), np.float32(-np.inf)
    return Verdict(
        labels,
        np.nextafter((nearest + doubt).astype(np.float32), up),
        np.nextafter((squares.min(axis=1) - doubt).astype(np.float32), down),
    )


def referees_doubt_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no doubt of float32's own hide that one of the referee's is left out."""
    monkeypatch.setattr(module, "look", tight)
    exact_aim = module.aim
    monkeypatch.setattr(module, "aim", lambda centers, doubt: Target(exact_aim(centers, doubt).table, doubt))


@pytest.mark.parametrize("unit", [0.0, 2.0**-24])
@pytest.mark.parametrize(("sooner", "later"), [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)])
def test_the_doubt_of_later_centers_is_in_the_deadline(monkeypatch, unit, sooner, later):
    # a centre comes near a row that lies on another one, at the rim, where doubts are largest; when the deadline is
    # set, nothing is known of the doubts to come
    referees_doubt_only(monkeypatch)
    X = np.array([[0.984375, 0.0], [-0.5, 0.25], [0.0, -0.5]])
    most = MOST_MISPLACED * 0.984375
    distances = np.concatenate([np.full(3, 0.125), np.float32(0.125 * 0.96 ** np.arange(350))])
    witness = Witness(X, 3, unit)
    for step, distance in enumerate(distances.astype(np.float64)):
        centers = np.array([[0.984375, 0.0], [0.984375 - distance, 0.0], [-0.5, 0.25]])
        witness.go(centers, most * (sooner if step < 4 else later))
    assert min(witness.seen[3:50]) < 3


def test_no_deadline_is_believed_when_a_center_leaves_the_ball(monkeypatch):
    # in one step the third centre leaves, and the doubt grows with its norm, while the second comes near the first:
    # the lead is not quite used up
    referees_doubt_only(monkeypatch)
    begin = np.array([[0.984375, 0.0], [-0.90625, 0.25], [-0.90625, -0.25]])
    X = begin.repeat([6, 1, 1], axis=0)  # few rows are due, or all would be looked at
    way = (begin[0] - begin[1]) / np.linalg.norm(begin[0] - begin[1])
    for distance in 2.0**-14 * np.arange(1, 4, 0.125):
        witness = Witness(X, 3)
        for _ in range(4):
            witness.go(begin)
        step = np.array([begin[0], begin[0] - distance * way, 2.875 * begin[2]]).astype(np.float32).astype(np.float64)
        witness.go(step, MOST_MISPLACED * 0.984375)


@pytest.mark.parametrize("size", [2.0**-40, 1.0, 2.0**40])
def test_rows_that_hardly_prefer_a_center(size):
    for _, X, centers in hard_problems(2, 5):
        for error in (0.0, 0.4 * MOST_MISPLACED):
            witness = Witness(X * size, 5, 2.0**-53)
            witness.follow([centers * size] * 3, error * size)


def test_an_open_row_stays_due_whatever_the_odometers_of_its_two_clusters_read():
    # clusters 0 and 1 have come a long way, 2 has not; the first row lies between 0 and 2
    X = np.array([[0.0, 0.0], [-0.5, 0.0], [0.0, 0.9], [0.5, 0.0], [-0.4, 0.1], [0.4, -0.1]])
    centers = np.array([[-0.5, 0.0], [0.0, 0.9], [0.5, 0.0]])
    deadlines = begun(X, 3)
    nearer = centers + np.array([[0.1, 0], [0, 0], [0, 0]])
    for _ in range(3):
        deadlines.assign(nearer, 0.0)
    assert deadlines.labels[0] == 0
    for _ in range(30):
        deadlines.moved(np.array([0.1, 0.1, 0.0]))
    undecided = deadlines.assign(centers, 0.0).open
    assert undecided.tolist() == [0]
    deadlines.overrule(undecided, np.array([2], dtype=np.int32))
    deadlines.moved(np.array([0.1, 0.0, 0.0]))
    deadlines.assign(nearer, 0.0)
    assert deadlines.labels[0] == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("values", ["real", "integers"])
def test_labels_are_those_of_a_rounded_referee(dtype, values):
    rng = np.random.RandomState(5)
    X = rng.standard_normal((500, 4)) if values == "real" else rng.randint(-3, 4, size=(500, 4)) / 3
    X = X.astype(dtype)
    rows = DenseRows(X, np.ones(500, dtype=dtype))
    deadlines = begun(X, 6, roundoff(X.dtype))
    centers = X[:6].copy()
    for step in range(12):
        outlook = deadlines.assign(centers.astype(np.float64), 0.0)
        deadlines.overrule(outlook.open, rows.nearest_of(outlook.open, centers))
        assert np.array_equal(deadlines.labels, rows.nearest(centers))
        new = (centers + (0.5**step * rng.standard_normal(centers.shape)).astype(dtype)).astype(dtype)
        deadlines.moved(lengths(new.astype(np.float64) - centers))
        centers = new


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 37, 500, 10_000])
def test_neither_threads_nor_the_length_of_blocks_change_anything(monkeypatch, threads, length):
    rng = np.random.RandomState(8)
    X = unit_ball(rng.randint(-9, 10, size=(700, 3)).astype(float))

    def story() -> list[Any]:
        told, deadlines = [], begun(X, 5)
        for centers in random_walk(np.random.RandomState(0), X, 5, [(-1 - i // 2, "all") for i in range(8)]):
            outlook = deadlines.assign(centers, 1e-12)
            answer = Distances(X[outlook.open], centers).labels() if len(outlook.open) else np.empty(0, dtype=np.int32)
            changes = Changes.joined([outlook.changes, deadlines.overrule(outlook.open, answer)])
            order = np.argsort(changes.rows)
            told.append([changes.rows[order].tolist(), changes.old[order].tolist(), changes.new[order].tolist()])
            deadlines.moved(np.full(5, 10.0 ** (-1 - len(told) // 2)))
        return told

    expected = story()
    monkeypatch.setattr(module, "_MANY_PAIRS", 0)
    monkeypatch.setattr(module, "thread_count", lambda: threads)
    monkeypatch.setattr(module, "block_length", lambda *sizes: length)
    assert story() == expected


def test_changes_that_are_none_are_left_out():
    changes = Changes(np.array([4, 2]), np.array([1, 0], dtype=np.int32), np.array([1, 3], dtype=np.int32)).real()
    assert (changes.rows.tolist(), changes.old.tolist(), changes.new.tolist()) == ([2], [0], [3])
    assert len(Changes.none().rows) == 0
    joined = Changes.joined([changes, Changes.none(), changes])
    assert (joined.rows.tolist(), joined.new.tolist()) == ([2, 2], [3, 3])


def test_far_centers_leave_rows_open_or_decide_them_without_a_warning():
    X = unit_ball(np.random.RandomState(0).standard_normal((50, 2)))
    for far in (1.5, 1e10, 1e25, 1e150):
        with np.errstate(all="raise", under="ignore"):
            witness = Witness(X, 3)
            for _ in range(3):
                witness.go(np.array([[far, far], [0.1, 0.2], [-0.3, 0.1]]))
        assert math.isfinite(witness.deadlines.labels.sum())


def test_a_referee_that_remembers_doubts_by_the_farthest_centre_so_far():
    X = unit_ball(np.random.RandomState(0).standard_normal((400, 3)))
    near, far = X[:4] / 2, X[:4] * 1000
    opened = []
    for remembers in (False, True):
        deadlines = Deadlines(X, pack(X, squared_norms(X)), 4, unit=1e-8, remembers=remembers)
        deadlines.assign(far, 0.0)
        deadlines.moved(lengths(near - far))
        opened.append(len(deadlines.assign(near, 0.0).open))
    # 2 · 13 · 1e-8 · 1000² = 0.26 in the unit ball: about as much as the distances differ by
    assert opened[0] == 0
    assert opened[1] > 40
