"""k-means: the split of the distances, and flips that happen exactly at the stated change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.cluster import MiniBatchKMeans as SklearnMiniBatchKMeans
from sklearn.datasets import load_wine
from tests.explain.models import X, exact_shapley

from workings.cluster import KMeans, MiniBatchKMeans
from workings.explain import distance_split, explain, nearest_rival

WINE = load_wine().data
WINE = (WINE - WINE.mean(axis=0)) / WINE.std(axis=0)


def test_by_hand():
    # centres at 0 and 4 on a line: the row at 1 has the squared distances 1 and 9 and is 1 from the middle
    model = SklearnKMeans(2, init=np.array([[0.0], [4.0]]), n_init=1).fit([[-1.0], [1.0], [3.0], [5.0]])
    found = explain(model, [1.0], feature_names=["age"])
    assert found.prediction == 0
    assert found.value == 8
    assert found.contributions["contribution"].tolist() == [8]
    assert (found.flip.to, found.flip.distance, found.flip.row.tolist()) == (1, 1.0, [2.0])
    assert found.flip.certain == 1.0
    assert found.flip.least
    assert found.sentence == (
        "The model puts the row into group 0; the nearest boundary is that of group 1. What speaks for group 0: age is "
        "low (over 99 % of all that counts). The least change that makes it a row of group 1 has the length 1 "
        "(mostly age by +1); any smaller change of any kind leaves it where it is."
    )


def test_the_nearest_boundary_is_not_always_that_of_the_second_nearest_centre():
    # the row (1, 0) is 6 from (-5, 0) and sqrt(37) from (2, 6); the planes midway are at 3.5 and 36/(2 sqrt(40))
    rival = nearest_rival(np.array([[0.0, 0.0], [-5.0, 0.0], [2.0, 6.0]]), np.array([1.0, 0.0]), own=0)
    assert rival.other == 2
    assert rival.distance == pytest.approx(36 / (2 * np.sqrt(40)), rel=1e-15)


@pytest.mark.parametrize("kind", [KMeans, SklearnKMeans, MiniBatchKMeans, SklearnMiniBatchKMeans])
def test_every_row_of_the_wine_flips_exactly_at_its_change(kind):
    model = kind(4, n_init=2, random_state=0).fit(WINE)
    flips = [explain(model, row, random_state=1).flip for row in WINE[::3]]
    labels = model.predict(WINE[::3])
    changes = np.array([flip.change.to_numpy() for flip in flips])
    assert (model.predict(WINE[::3] + (1 - 1e-9) * changes) == labels).all()
    assert (model.predict(WINE[::3] + (1 + 1e-9) * changes) == [flip.to for flip in flips]).all()
    assert np.linalg.norm(changes, axis=1) == pytest.approx([flip.distance for flip in flips], rel=1e-14)


def test_no_shorter_change_flips():
    model = SklearnKMeans(6, n_init=2, random_state=0).fit(WINE)
    rng = np.random.RandomState(0)
    for row in WINE[::20]:
        found = explain(model, row)
        ways = rng.normal(size=(2000, WINE.shape[1]))
        ways *= (1 - 1e-9) * found.flip.certain / np.linalg.norm(ways, axis=1, keepdims=True)
        assert (model.predict(row + ways) == found.prediction).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 6))
def test_split_completeness_order_and_constants(seed, p, k):
    rng = np.random.RandomState(seed)
    offset = 10.0 ** rng.randint(0, 6)
    centres, row = rng.normal(size=(k, p)) + offset, rng.normal(size=p) + offset
    squares = ((centres - row) ** 2).sum(axis=1)
    own = int(np.argmin(squares))
    rival = nearest_rival(centres, row, own)
    # numbers of the size of the offset are known to 1e-16 of it
    tolerance = 1e-14 * squares.max() + 1e-15 * offset
    assert rival.split.sum() == pytest.approx(squares[rival.other] - squares[own], abs=tolerance)
    exact = exact_shapley(
        lambda x: ((x - centres[rival.other]) ** 2).sum() - ((x - centres[own]) ** 2).sum(), row, rival.midpoint
    )
    assert rival.split == pytest.approx(exact, abs=100 * tolerance)
    order = rng.permutation(p)
    assert distance_split(centres[:, order], row[order], own, rival.other) == pytest.approx(rival.split[order], abs=0)
    wider = np.column_stack([centres, np.full(k, 3.0)])
    assert distance_split(wider, np.append(row, 3.0), own, rival.other)[-1] == 0
    assert nearest_rival(wider, np.append(row, 3.0), own).distance == pytest.approx(rival.distance, rel=1e-12)


def test_the_evidence_is_small_and_one_place_is_refused():
    found = explain(SklearnKMeans(3, n_init=1, random_state=0).fit(X), X[5])
    assert found.identity["relative"].max() <= 1e-14
    assert list(found.identity.index) == ["model", "contributions", "flip", "shapley"]
    with pytest.raises(ValueError, match="no other group"):
        explain(SklearnKMeans(1, n_init=1).fit(X), X[5])
    with pytest.raises(ValueError, match="leave background and output out"):
        explain(SklearnKMeans(3, n_init=1).fit(X), X[5], background=X[0])


def test_a_row_midway_is_at_no_distance():
    model = SklearnKMeans(2, init=np.array([[0.0], [4.0]]), n_init=1).fit([[-1.0], [1.0], [3.0], [5.0]])
    found = explain(model, [2.0])
    assert found.flip.distance == 0
    assert "stands on the boundary" in found.sentence
    # and one that rounding has put beyond it
    assert nearest_rival(model.cluster_centers_, np.array([np.nextafter(2.0, 3.0)]), own=0).distance == 0
