r"""k-means beside scikit-learn and the textbook: centres, labels, inertia of every iteration.

The estimator promises scikit-learn's bits. The textbook sums in another order and does not centre the data, so its
tolerance is the rounding of a mean: with equal labels, a centre on either side is off by at most

.. math::  \delta = (\gamma(n) + 4 u) \max |x|                                       \qquad (B.3)

(n additions, a division, the shift by the overall mean and back), and an inertia J, a sum of n d squares of
differences :math:`x - c`, by at most

.. math::  \delta J \le (\gamma(n d) + 3 u) J + 2 \sqrt{n d J} \, \delta' + n d \, \delta'^2,
           \quad \delta' = \delta + 2 u \max |x|                                     \qquad (B.4)

by the Cauchy-Schwarz inequality. Labels and counts must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.cluster

from workings.cluster import KMeans
from workings.recording import record
from workings.textbook import k_means as textbook
from workings.validate import datasets
from workings.validate.compare import BITS, COUNTS, Fit, Promise, compare
from workings.validate.datasets import Dataset
from workings.validate.plane import principal_plane
from workings.validate.reference import fit_and_listen, products_agree
from workings.validate.results import Comparison, Picture, Study
from workings.validate.rounding import UNIT_ROUNDOFF, accumulated

Floats = npt.NDArray[np.float64]
Values = dict[str, npt.NDArray[Any]]
COUNTED = {"labels_", "n_iter_", "n_features_in_", "predict (new rows)"}
TRAJECTORY = "inertia by iteration"


@dataclass(frozen=True)
class Case:
    """One configuration; `weighted` fits with the weights 1/4 to 2, in row order."""

    parameters: Mapping[str, Any]
    weighted: bool = False

    @property
    def configuration(self) -> str:
        """The constructor call that both sides received."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"KMeans({arguments}){'.fit(X, sample_weight)' if self.weighted else ''}"

    @property
    def from_the_textbook(self) -> bool:
        """Whether the textbook derives this configuration: one unweighted run from k-means++."""
        return not self.weighted and "init" not in self.parameters and "algorithm" not in self.parameters


@dataclass(frozen=True)
class Trial:
    """What both sides found for one case."""

    case: Case
    data: Dataset
    ours: Values
    theirs: Values
    promises: Mapping[str, Promise]


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
    trials = [trial(data, case) for case in cases]
    rows = [row for each in trials for row in _beside(each)]
    rows += [row for each in trials if each.case.from_the_textbook for row in _textbook(each)]
    first = trials[0]
    steps = len(first.ours[TRAJECTORY])
    explanation = (
        f"{data.X.shape[0]} rows, {data.X.shape[1]} features, {cases[0].parameters['n_clusters']} clusters. From the "
        "same seed both sides draw the same initial centres, and from there the inertia of every iteration is "
        f"compared, {steps} in the first configuration, and all that the fit leaves behind. scikit-learn tells the "
        "inertia of an iteration only in its `verbose` output, from which it is read; ours comes from the flight "
        "recorder. "
        f"{first.promises['cluster_centers_'].reason}"
    )
    heading = f"{data.name}: {data.X.shape[0]} rows, {data.X.shape[1]} features"
    return Study("kmeans", data.name, heading, explanation, tuple(rows), (_clusters(first), _curve(first)))


def trial(data: Dataset, case: Case) -> Trial:
    """Fit both sides on the same array with the same seed."""
    weight = np.linspace(0.25, 2.0, len(data.X)) if case.weighted else None
    with record() as tape:
        ours = KMeans(**case.parameters).fit(data.X, sample_weight=weight)
    inertias = np.array([step.values["inertia"] for step in tape.select("iteration")], dtype=np.float64)
    theirs, listened = fit_and_listen(sklearn.cluster.KMeans(**case.parameters), data.X, sample_weight=weight)
    return Trial(
        case,
        data,
        _values(ours, data.X, weight) | {TRAJECTORY: inertias},
        _values(theirs, data.X, weight) | {TRAJECTORY: listened},
        promises(data.X, theirs.cluster_centers_, float(theirs.inertia_)),
    )


def _values(model: Any, X: Floats, weight: Floats | None) -> Values:
    """Everything that both sides expose; new rows lie halfway between neighbouring rows."""
    between = (X[:-1] + X[1:]) / 2
    return {
        "cluster_centers_": model.cluster_centers_,
        "labels_": model.labels_,
        "inertia_": np.asarray(model.inertia_),
        "n_iter_": np.asarray(model.n_iter_),
        "n_features_in_": np.asarray(model.n_features_in_),
        "predict (new rows)": model.predict(between),
        "transform": model.transform(X),
        "score": np.asarray(model.score(X, sample_weight=weight)),
    }


def promises(X: Floats, centers: Floats, inertia: float) -> dict[str, Promise]:
    """Return what the estimator promises: bits, unless this machine's two BLAS libraries differ between themselves."""
    mean = X.mean(axis=0)
    if products_agree(X - mean, centers - mean):
        numbers = dict.fromkeys(("cluster_centers_", "inertia_", "transform", "score", TRAJECTORY), Promise(0.0, BITS))
    else:
        why = " NumPy's and SciPy's BLAS differ in the last bits of these products on this machine, so bits cannot be."
        numbers = {name: Promise(p.tolerance, p.reason + why) for name, p in rounding(X, centers, inertia).items()}
    return numbers | dict.fromkeys(COUNTED, Promise(0.0, COUNTS))


def rounding(X: Floats, centers: Floats, inertia: float) -> dict[str, Promise]:
    """Tolerances from rounding alone, (B.3) and (B.4), for the sum of two sides' errors.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    centers : ndarray of shape (k, d)
    inertia : float
        The smallest inertia of the trajectory.

    Returns
    -------
    dict of str to Promise
    """
    largest = float(np.abs(X).max())
    center = (accumulated(len(X)) + 4 * UNIT_ROUNDOFF) * largest  # B.3
    shift = center + 2 * UNIT_ROUNDOFF * largest
    squares = accumulated(X.size) + 3 * UNIT_ROUNDOFF
    sums = squares + 2 * np.sqrt(X.size / inertia) * shift + X.size * shift**2 / inertia  # B.4
    distance = np.sqrt(X.shape[1]) * shift + accumulated(2 * X.shape[1]) * largest
    because = f"Rounding of sums of {len(X)} rows with entries up to {largest:.3g}, on both sides"
    means = Promise(2 * center / float(np.abs(centers).max()), f"{because} (B.3).")
    total = Promise(2 * float(sums), f"{because}, squared and summed (B.4).")
    far = Promise(2 * float(distance) / largest, f"{because}, through one distance (B.3).")
    return {"cluster_centers_": means, "inertia_": total, "score": total, TRAJECTORY: total, "transform": far}


def _beside(each: Trial) -> list[Comparison]:
    fit = Fit("kmeans", each.data.name, each.case.configuration)
    return [
        compare(fit, "estimator", "scikit-learn", name, value, each.theirs[name], each.promises[name])
        for name, value in each.ours.items()
    ]


def _textbook(each: Trial) -> list[Comparison]:
    """Greedy k-means++ and Lloyd's iterations as derived, from the same seed, beside scikit-learn."""
    X, theirs = each.data.X, each.theirs
    seed = np.random.RandomState(each.case.parameters["random_state"])
    start = textbook.plus_plus(X, each.case.parameters["n_clusters"], seed)
    centers, labels, inertias = textbook.k_means(X, start)
    values = {
        "cluster_centers_": centers,
        "labels_": labels,
        "inertia_": np.asarray(textbook.inertia(X, labels, centers)),
        "n_iter_": np.asarray(len(inertias)),
        "predict (new rows)": textbook.assign((X[:-1] + X[1:]) / 2, centers),
        TRAJECTORY: np.array(inertias),
    }
    allowed = rounding(X, theirs["cluster_centers_"], float(theirs["inertia_"])) | dict.fromkeys(
        COUNTED, Promise(0.0, COUNTS)
    )
    fit = Fit("kmeans", each.data.name, each.case.configuration)
    return [
        compare(fit, "textbook", "scikit-learn", name, value, theirs[name], allowed[name])
        for name, value in values.items()
    ]


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
