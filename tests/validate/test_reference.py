"""scikit-learn as it is listened to: every digit of what it prints, on one thread."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.cluster
from threadpoolctl import threadpool_info, threadpool_limits

from workings.validate import datasets, reference


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_inertias_are_read_to_the_last_bit(algorithm: str, capsys: pytest.CaptureFixture[str]) -> None:
    X = datasets.iris().X
    model = sklearn.cluster.KMeans(3, n_init=2, random_state=0, algorithm=algorithm)
    fitted, inertias = reference.fit_and_listen(model, X)
    assert capsys.readouterr().out == ""
    assert fitted.inertia_ in inertias[-2:] or fitted.inertia_ < inertias.min()
    # the first inertia of a run belongs to the initial centres: one iteration is enough to see it again
    again, first = reference.fit_and_listen(sklearn.cluster.KMeans(3, random_state=0, max_iter=1), X)
    assert inertias[0] == first[0]
    assert len(first) == again.n_iter_ == 1


def test_one_thread_limits_and_restores() -> None:
    with threadpool_limits(limits=2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        with reference.one_thread():
            assert {pool["num_threads"] for pool in threadpool_info()} == {1}
        assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_products_that_differ_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    X = datasets.digits().X
    original = reference.scipy.linalg.blas.dgemm
    monkeypatch.setattr(reference.scipy.linalg.blas, "dgemm", lambda *a, **k: np.nextafter(original(*a, **k), np.inf))
    assert not reference.products_agree(X, X[:10])


def test_kernels_that_differ_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    original = reference.scipy.special.expit
    monkeypatch.setattr(reference.scipy.special, "expit", lambda z: np.nextafter(original(z), 1.0))
    assert not reference.kernels_agree()
