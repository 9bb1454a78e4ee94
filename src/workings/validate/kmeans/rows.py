"""The rows of KMeans: ours and the textbook's, each beside scikit-learn's."""

from __future__ import annotations

import numpy as np

from workings.textbook import k_means as textbook
from workings.validate.compare import COUNTS, Fit, Promise, compare
from workings.validate.kmeans.trial import COUNTED, TRAJECTORY, Trial, rounding
from workings.validate.results import Comparison


def rows(trial: Trial) -> list[Comparison]:
    """Compare all that both sides expose, and the textbook where it derives the configuration."""
    return _beside(trial) + (_textbook(trial) if trial.case.from_the_textbook else [])


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
