"""The judge of exact k-means, itself judged by hand and by fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cluster import exact_lloyd

from workings.validate.kmeans.integers import IntegerRows


def test_a_run_worked_by_hand() -> None:
    # 0, 1, 3 | 7: the border between 1 and 5 is 3, a tie, which goes to the lower index; then 4/3 and 7
    run = IntegerRows(np.array([[0.0], [1.0], [3.0], [7.0]])).run(np.array([[1.0], [5.0]]), 0.0)
    assert [assignment.labels.tolist() for assignment in run.assignments] == [[0, 0, 0, 1]] * 2
    assert [assignment.ties for assignment in run.assignments] == [1, 0]
    assert run.centers.tolist() == [[4 / 3], [7.0]]
    assert run.iterations == 2
    center = Fraction(4 / 3)
    assert run.inertia == float(center**2 + (1 - center) ** 2 + (3 - center) ** 2)


def test_the_variance_is_that_of_fractions() -> None:
    X = np.array([[0.1, 2.0], [0.7, 2.0], [0.3, 5.5]])
    columns = [[Fraction(value) for value in column] for column in X.T.tolist()]
    means = [sum(column) / 3 for column in columns]
    variances = [sum((v - m) ** 2 for v in column) / 3 for column, m in zip(columns, means, strict=True)]
    assert IntegerRows(X).mean_variance == sum(variances) / 2


def test_the_tolerance_stops_a_run_and_the_labels_are_those_of_the_last_centers() -> None:
    X = np.arange(20.0)[:, np.newaxis] ** 2
    patient, hasty = (IntegerRows(X).run(X[:3], tol) for tol in (0.0, 0.1))
    assert hasty.iterations < patient.iterations
    assert len(hasty.assignments) == hasty.iterations + 1
    assert len(patient.assignments) == patient.iterations
    assert hasty.labels.tolist() == IntegerRows(X).assign(hasty.centers).labels.tolist()


def test_an_empty_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="A cluster is empty"):
        IntegerRows(np.array([[0.0], [1.0]])).run(np.array([[0.0], [9.0]]), 0.0)


@given(seed=st.integers(0, 2**31), kind=st.sampled_from(["integers", "tenths", "normal"]))
def test_whole_runs_are_those_in_fractions(seed: int, kind: str) -> None:
    rng = np.random.RandomState(seed)
    shape = rng.randint(4, 20), rng.randint(1, 4)
    X = {"integers": rng.randint(-3, 4, shape) * 1.0, "tenths": rng.randint(0, 7, shape) / 10}.get(
        kind, rng.standard_normal(shape)
    )
    init = X[: rng.randint(1, 4)].copy()
    expected = exact_lloyd.exact_lloyd(X, np.ones(len(X)), init, tol=0)
    try:
        run = IntegerRows(X).run(init, 0.0)
    except ValueError:  # an empty cluster, for which there is a rule in `expected` only
        return
    assert run.labels.tolist() == expected.labels
    assert run.centers.tobytes() == expected.centers.tobytes()
    assert run.iterations == expected.iterations
    assert sum(assignment.ties for assignment in run.assignments) == expected.ties
