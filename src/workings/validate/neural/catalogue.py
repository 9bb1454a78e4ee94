"""The studies of networks: which configurations on which data, in words and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from workings.validate import datasets
from workings.validate.datasets import Dataset
from workings.validate.neural.rows import rows
from workings.validate.neural.trial import Case, Trial
from workings.validate.results import Picture, Study


def studies() -> Iterator[tuple[str, Callable[[], Study]]]:
    """Name each study and defer its work, in the order of the page."""
    for load, width, epochs in (
        (datasets.breast_cancer, 16, 60),
        (datasets.wine, 16, 80),
        (datasets.iris, 10, 120),
        (datasets.digits, 32, 40),
    ):
        yield load.__name__, partial(classification, load, width, epochs)
    for load, width, epochs in ((datasets.diabetes, 16, 60), (datasets.linnerud, 8, 150)):
        yield load.__name__, partial(regression, load, width, epochs)


def classification(load: Callable[[], Dataset], width: int, epochs: int) -> Study:
    """Compare classifiers: adam, Nesterov's sgd, early stopping, and L-BFGS."""
    size = {"hidden_layer_sizes": (width,), "random_state": 0, "max_iter": epochs}
    cases = [
        Case({"solver": "adam", **size}, derived=True),
        Case({"solver": "sgd", **size, "learning_rate_init": 0.05, "activation": "tanh"}, derived=True),
        Case({"solver": "adam", **size, "activation": "logistic", "early_stopping": True}),
        Case({"solver": "sgd", **size, "nesterovs_momentum": False, "learning_rate": "invscaling"}),
        Case({"solver": "lbfgs", **size, "max_iter": 20, "alpha": 0.01}),
    ]
    return _study(datasets.standardised(load()), cases, classifies=True)


def regression(load: Callable[[], Dataset], width: int, epochs: int) -> Study:
    """Compare regressors on standardised targets, several at once for linnerud."""
    size = {"hidden_layer_sizes": (width,), "random_state": 0, "max_iter": epochs}
    cases = [
        Case({"solver": "adam", **size, "learning_rate_init": 0.01}, derived=True),
        Case({"solver": "sgd", **size, "activation": "tanh"}, derived=True),
        Case({"solver": "sgd", **size, "activation": "logistic", "learning_rate": "adaptive"}),
        Case({"solver": "lbfgs", **size, "max_iter": 20, "alpha": 0.01}),
    ]
    return _study(datasets.standardised(load(), target=True), cases, classifies=False)


def _study(data: Dataset, cases: list[Case], *, classifies: bool) -> Study:
    trials = [Trial(data, case, classifies=classifies) for case in cases]
    first = trials[0]
    targets = data.y.reshape(len(data.y), -1).shape[1]
    what = f"{len(first.theirs.classes_)} classes" if classifies else f"{targets} target{'s' * (targets > 1)}"
    explanation = (
        f"{data.X.shape[0]} rows, {data.X.shape[1]} standardised features, {what}. Both sides draw the same initial "
        "weights and the same order of the rows from the same seed; every weight, the loss of every epoch, the "
        "validation scores and all predictions are compared. Gradient descent in all its forms promises the same bits. "
        "L-BFGS feeds every rounding into a line search, so there the tolerance is what one rounding of the data does "
        "to scikit-learn itself."
    )
    heading = f"{data.name}: {data.X.shape[0]} rows, {data.X.shape[1]} features, {what}"
    return Study(
        "neural",
        data.name,
        heading,
        explanation,
        tuple(row for each in trials for row in rows(each)),
        (_curves(first), _predictions(first)),
    )


def _curves(each: Trial) -> Picture:
    ours, theirs = np.asarray(each.ours.loss_curve_), np.asarray(each.theirs.loss_curve_)
    finding = "the two are the same to the last bit" if np.array_equal(ours, theirs) else "the two differ"
    return Picture(
        kind="curves",
        title=f"Loss of each epoch on {each.data.name}, adam: {finding}.",
        alt=(
            f"The loss falls from {theirs[0]:.3g} to {theirs[-1]:.3g} in {len(theirs)} epochs; {finding}. "
            "Below, their difference."
        ),
        series={"ours": ours, "reference": theirs, "log": np.asarray(True)},
        labels={"x": "epoch", "y": "loss", "ours": "ours", "reference": "scikit-learn"},
    )


def _predictions(each: Trial) -> Picture:
    X = each.data.X
    if each.classifies:
        ours, theirs = each.ours.predict_proba(X)[:, -1], each.theirs.predict_proba(X)[:, -1]
        what = f"probability of class {each.theirs.classes_[-1]}"
    else:
        ours, theirs = each.ours.predict(X).ravel(), each.theirs.predict(X).ravel()
        what = "prediction"
    same = np.array_equal(ours, theirs)
    finding = (
        "all on the diagonal to the last bit"
        if same
        else f"off the diagonal by up to {np.abs(ours - theirs).max():.1e}"
    )
    return Picture(
        kind="predictions",
        title=f"The {what} on {each.data.name}, ours against scikit-learn's: {finding}.",
        alt=f"{ours.size} values of the {what}, ours against scikit-learn's: {finding}.",
        series={"ours": ours, "reference": theirs},
        labels={"ours": f"our {what}", "reference": f"scikit-learn's {what}"},
    )
