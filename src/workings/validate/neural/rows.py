"""The rows of a study of networks: the estimator and the textbook beside scikit-learn."""

from __future__ import annotations

from functools import partial

import numpy as np

from workings.validate.compare import BITS, COUNTS, Promise, compare, flat
from workings.validate.neural.derivation import Derivation, loss_of_the_gradient
from workings.validate.neural.trial import COUNTED, Trial, Values, values
from workings.validate.reference import kernels_agree
from workings.validate.results import Comparison


def rows(each: Trial) -> list[Comparison]:
    """Compare all that a network exposes, and the textbook's where it derives this configuration."""
    return _beside(each) + (_textbook(each) if each.case.derived else [])


def _beside(each: Trial) -> list[Comparison]:
    X, y = each.data.X, each.data.y
    ours, theirs = values(each.ours, X, y), values(each.theirs, X, y)
    promises = _promises(each, theirs)
    return [
        compare(
            each.fit,
            "estimator",
            "scikit-learn",
            name,
            ours.get(name, np.empty(0)),
            theirs.get(name, np.empty(0)),
            promises.get(name, Promise(0.0, BITS)),
        )
        for name in dict.fromkeys((*theirs, *ours))
    ]


def _promises(each: Trial, theirs: Values) -> dict[str, Promise]:
    if each.case.parameters["solver"] == "lbfgs":
        return each.sensitivity()
    if kernels_agree():
        return dict.fromkeys(theirs, Promise(0.0, BITS)) | dict.fromkeys(COUNTED, Promise(0.0, COUNTS))
    why = " This machine's C library and SciPy differ in the last bits of exp or log, so bits cannot be promised."
    return {name: Promise(p.tolerance, p.reason + why) for name, p in each.sensitivity().items()}


def _textbook(each: Trial) -> list[Comparison]:
    """Compare the equations as derived: same initial weights, same orders of the rows, plain loops over the layers."""
    derivation = Derivation(each)
    weights, biases, losses = derivation.train(int(each.theirs.n_iter_))
    outputs = derivation.outputs(weights, biases)
    theirs = values(each.theirs, each.data.X, each.data.y)
    found: Values = {"coefs_": flat(weights), "intercepts_": flat(biases), "loss_curve_": np.array(losses)}
    if each.classifies:
        found["predict_proba"] = np.column_stack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
    else:
        found["predict"] = outputs.reshape(theirs["predict"].shape)
    promises = each.sensitivity()
    judges = {"loss_curve_": partial(loss_of_the_gradient, each, derivation, losses, promises["loss_curve_"])}
    return [
        compare(each.fit, "textbook", "scikit-learn", name, value, theirs[name], promises[name], judges.get(name))
        for name, value in found.items()
    ]
