"""The k-means studies: which configurations on which data, in words and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from workings.validate import datasets
from workings.validate.datasets import Dataset
from workings.validate.kmeans import exact, mini_batch
from workings.validate.kmeans.rows import rows
from workings.validate.kmeans.trial import TRAJECTORY, Case, Trial, trial
from workings.validate.plane import principal_plane
from workings.validate.results import Picture, Study

SEED_WITH_TIES = {"digits": 3}
"""From these initial centres some rows are exactly as near to one centre as to another."""


def studies() -> Iterator[tuple[str, Callable[[], Study]]]:
    """Name each study and defer its work, in the order of the page."""
    plain: tuple[dict[str, Any], ...] = ({}, {"init": "random", "n_init": 3, "random_state": 1}, {"algorithm": "elkan"})
    for load, clusters, options in (
        (datasets.iris, 3, plain),
        (datasets.wine, 3, plain),
        (datasets.breast_cancer, 2, plain),
        (datasets.digits, 10, ({}, {"n_init": 2, "init": "random"}, {"algorithm": "elkan"})),
    ):
        cases = [Case({"n_clusters": clusters, "random_state": 0, **more}) for more in options]
        cases.append(Case({"n_clusters": clusters, "random_state": 2}, weighted=True))
        yield load.__name__, partial(study, load, cases)


def study(load: Callable[[], Dataset], cases: list[Case]) -> Study:
    """Compare all configurations on one data set."""
    data = load()
    clusters = cases[0].parameters["n_clusters"]
    trials = [trial(data, case) for case in cases]
    found = [row for each in trials for row in rows(each)]
    for more in ({}, {"batch_size": 50, "init": "random", "random_state": 1}):
        parameters: Mapping[str, Any] = {"n_clusters": clusters, "random_state": 0, **more}
        found += mini_batch.rows(data, parameters)
    found += exact.rows(data, {"n_clusters": clusters, "random_state": SEED_WITH_TIES.get(data.name, 0)})
    first = trials[0]
    steps = len(first.ours[TRAJECTORY])
    explanation = (
        f"{data.X.shape[0]} rows, {data.X.shape[1]} features, {clusters} clusters. From the "
        "same seed both sides draw the same initial centres, and from there the inertia of every iteration is "
        f"compared, {steps} in the first configuration, and all that the fit leaves behind. scikit-learn tells the "
        "inertia of an iteration only in its `verbose` output, from which it is read; ours comes from the flight "
        "recorder. "
        f"{first.promises['cluster_centers_'].reason}\n\n"
        "`MiniBatchKMeans` draws the same batches from the same seed, and is compared in the same way. With "
        '`arithmetic="exact"` no bits are promised beside scikit-learn, which rounds, but those of k-means in integers.'
    )
    heading = f"{data.name}: {data.X.shape[0]} rows, {data.X.shape[1]} features"
    return Study("kmeans", data.name, heading, explanation, tuple(found), (_clusters(first), _curve(first)))


def _clusters(each: Trial) -> Picture:
    plane = principal_plane(each.data.X)
    apart = int(np.sum(each.ours["labels_"] != each.theirs["labels_"]))
    agreement = "the same cluster for every row" if apart == 0 else f"another cluster for {apart} rows"
    return Picture(
        kind="clusters",
        title=f"Clusters of {each.data.name} in the plane of the first two principal components: {agreement}.",
        alt=(
            f"Two scatter plots of {len(each.data.X)} rows, coloured by cluster, ours and scikit-learn's: {agreement}. "
            f"The plane carries {sum(plane.explained):.0%} of the variance."
        ),
        series={
            "plane": plane.project(each.data.X),
            "ours": each.ours["labels_"],
            "reference": each.theirs["labels_"],
            "centers": plane.project(each.ours["cluster_centers_"]),
            "reference_centers": plane.project(each.theirs["cluster_centers_"]),
        },
        labels={
            "x": f"first component ({plane.explained[0]:.0%} of the variance)",
            "y": f"second component ({plane.explained[1]:.0%})",
            "ours": "ours",
            "reference": "scikit-learn",
        },
    )


def _curve(each: Trial) -> Picture:
    ours, theirs = each.ours[TRAJECTORY], each.theirs[TRAJECTORY]
    same = np.array_equal(ours, theirs)
    finding = "the two curves are the same to the last bit" if same else "the two curves differ"
    return Picture(
        kind="curves",
        title=f"Inertia of each iteration on {each.data.name}: {finding}.",
        alt=(
            f"Inertia falls from {theirs[0]:.6g} to {theirs[-1]:.6g} in {len(theirs)} iterations; {finding}. "
            "Below, their difference."
        ),
        series={"ours": ours, "reference": theirs},
        labels={"x": "iteration", "y": "inertia", "ours": "ours", "reference": "scikit-learn"},
    )
