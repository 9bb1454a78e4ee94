"""Blocks of rows on several threads: the same bits, and only where the BLAS has one thread."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from workings.cluster import KMeans
from workings.cluster.threads import in_order, thread_count


@pytest.mark.parametrize(
    ("blas", "asked", "expected"),
    [
        ("1", "3", 3),
        ("1", "1", 1),
        (None, "3", 1),
        ("2", "3", 1),
        ("1", "zero", 5),
        ("1", "0", 5),
        ("1", None, 5),
    ],
)
def test_threads_are_asked_for_by_the_environment(monkeypatch, blas, asked, expected):
    for name, value in (("OPENBLAS_NUM_THREADS", blas), ("OMP_NUM_THREADS", asked)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(5)), raising=False)
    assert thread_count() == expected


def test_answers_come_in_the_order_of_the_blocks_and_from_several_threads():
    seen = set()

    def answer(block: int) -> int:
        time.sleep(0.01 if block == 0 else 0)
        seen.add(threading.get_ident())
        return block * block

    assert in_order(answer, range(6), 2) == [0, 1, 4, 9, 16, 25]
    assert threading.get_ident() not in seen
    assert in_order(answer, range(6), 1) == [0, 1, 4, 9, 16, 25]
    assert threading.get_ident() in seen


def test_an_error_in_a_block_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_order(lambda block: 1 // block, [1, 0, 1], 2)


@pytest.mark.parametrize("arithmetic", ["double", "exact"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_two_threads_change_no_bit(monkeypatch, arithmetic, dtype):
    # one decimal: some rows are left to the referee in every iteration
    X = np.round(make_blobs(30_000, 3, centers=9, cluster_std=2.0, random_state=0)[0], 1).astype(dtype)
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, n_clusters: True)
    monkeypatch.setattr("workings.cluster.certified.deadlines.block_length", lambda k, d: 1000)
    fits = []
    for threads in (1, 2, 3):
        monkeypatch.setattr("workings.cluster.certified.deadlines.thread_count", lambda threads=threads: threads)
        monkeypatch.setattr("workings.cluster.certified.deadlines._MANY_PAIRS", 0)
        fits.append(KMeans(12, random_state=0, max_iter=25, arithmetic=arithmetic).fit(X))
    for fit in fits[1:]:
        assert fit.cluster_centers_.tobytes() == fits[0].cluster_centers_.tobytes()
        assert np.array_equal(fit.labels_, fits[0].labels_)
        assert (fit.inertia_, fit.n_iter_, fit.certificate_) == (
            fits[0].inertia_,
            fits[0].n_iter_,
            fits[0].certificate_,
        )
