"""The bar: every healthy scikit-learn model is certified, every one changed by 1e-6, stale or of other data is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from tests.audit.replication import zoo


@cache
def healthy(kind: str) -> tuple[zoo.Case, ...]:
    makers: dict[str, Callable[[], Iterator[zoo.Case]]] = {
        "regression": zoo.regressions,
        "single precision": zoo.single_regressions,
        "k-means": zoo.clusterings,
        "network": zoo.networks,
    }
    return tuple(makers[kind]())


FAMILIES = ("regression", "k-means", "network")


@pytest.mark.parametrize("kind", [*FAMILIES, "single precision"])
def test_all_healthy_models_are_certified(kind):
    refused = {
        case.name: replication.verdict for case in healthy(kind) if not (replication := case.replication()).certified
    }
    assert not refused


@pytest.mark.parametrize("kind", FAMILIES)
def test_all_tampered_models_are_refused(kind):
    tampered = [bad for case in healthy(kind) for bad in zoo.tampered(case)]
    assert not [bad.name for bad in tampered if bad.replication().certified]


def test_the_grid_is_large_enough():
    assert sum(len(healthy(kind)) for kind in FAMILIES) >= 150
    assert sum(1 for kind in FAMILIES for case in healthy(kind) for _ in zoo.tampered(case)) >= 150
