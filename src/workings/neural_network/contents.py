"""What a network's file holds: the model taken apart, and put together again."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import numpy as np

from workings.neural_network.archive import UnreadableError
from workings.neural_network.classifier import MLPClassifier
from workings.neural_network.estimator import MultilayerPerceptron
from workings.neural_network.labels import LabelBinarizer
from workings.neural_network.parameters import Array, Layout, layout_of, pack
from workings.neural_network.regressor import MLPRegressor
from workings.neural_network.suspension import Suspension, checked_generator
from workings.optimize import Adam, Adaptive, Constant, GradientDescent, InverseScaling, LBFGSState, UpdateRule

ESTIMATORS: dict[str, type[MultilayerPerceptron]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
_RULES: dict[str, Any] = {"Adam": Adam, "GradientDescent": GradientDescent}
_SCHEDULES: dict[str, Any] = {"Constant": Constant, "InverseScaling": InverseScaling, "Adaptive": Adaptive}

_NUMBERS = (
    "n_features_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "_no_improvement_count",
)
_CURVES = {"loss_curve": "loss_curve_", "validation_scores": "validation_scores_"}
_FLOATS: dict[int, Any] = {0: float, 4: np.float32, 8: np.float64}


def parts_of(model: MLPClassifier | MLPRegressor) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return all that a loaded network needs.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        With weights.

    Returns
    -------
    content : dict
        Numbers, names and the constructor's parameters, for the header.
    arrays : dict of str to ndarray

    Raises
    ------
    ValueError
        If some weights are not finite.
    """
    state = vars(model)
    parameters = pack(model.coefs_, model.intercepts_)
    if not np.isfinite(parameters).all():
        raise ValueError(f"Some weights of this {type(model).__name__} are infinite or NaN: train it again.")
    content: dict[str, Any] = {
        "class": type(model).__name__,
        "parameters": model.get_params(deep=False),
        "fitted": {name: state[name] for name in _NUMBERS if name in state},
        "sizes": list(layout_of(model.coefs_).sizes),
        "feature_names": [str(name) for name in state["feature_names_in_"]] if "feature_names_in_" in state else None,
        "labels": None,
        "rule": None,
        "suspended": None,
    }
    arrays: dict[str, Array] = {"parameters": parameters}
    for name, attribute in _CURVES.items():
        if state.get(attribute) is not None:
            arrays |= _curve_arrays(name, state[attribute])
        elif attribute in state:
            content["fitted"][attribute] = None
    if isinstance(model, MLPClassifier):
        binarizer = model._label_binarizer
        container = "ndarray" if binarizer._container is np.asarray else binarizer._container.__name__
        content["labels"] = {"kind": binarizer.y_type_, "container": container}
        arrays |= {"classes": model.classes_, "label_classes": binarizer.classes_}
    if "_optimizer" in state:
        content["rule"] = _rule_content(state["_optimizer"])
        arrays |= {f"rule_{name}": np.asarray(value) for name, value in state["_optimizer"].state().items()}
    if model._suspended is not None:
        content["suspended"] = {
            field.name: getattr(model._suspended, field.name) for field in fields(Suspension) if field.name != "arrays"
        }
        arrays |= {f"suspended_{name}": value for name, value in model._suspended.arrays.items()}
    return content, arrays


def model_of(content: Mapping[str, Any], arrays: dict[str, Array]) -> MLPClassifier | MLPRegressor:
    """Return the network whose parts these are.

    Parameters
    ----------
    content, arrays
        As from `parts_of`; anything may be in them.

    Returns
    -------
    MLPClassifier or MLPRegressor

    Raises
    ------
    UnreadableError
        If they do not belong together; other values than `parts_of` gives may lead to other exceptions.
    """
    model = ESTIMATORS[content["class"]](**content["parameters"])
    model._check_parameters()
    layout = Layout(content["sizes"])
    _require(set(content["fitted"]) <= {*_NUMBERS, *_CURVES.values()}, "its header names unknown attributes")
    for name, value in content["fitted"].items():
        setattr(model, name, value)
    fitted = model.n_features_in_, model.n_outputs_, model.n_layers_  # type: ignore[attr-defined]
    _require(fitted == (layout.sizes[0], layout.sizes[-1], len(layout.sizes)), "its layers have other sizes")
    parameters = arrays["parameters"]
    _require(parameters.dtype in (np.float32, np.float64), f"its parameters are of {parameters.dtype}")
    _require(parameters.shape == (layout.size,), f"it has {parameters.shape} parameters in place of {layout.size}")
    _require(bool(np.isfinite(parameters).all()), "some of its parameters are infinite or NaN")
    model.coefs_, model.intercepts_ = layout.split(parameters)
    for name, attribute in _CURVES.items():
        if name in arrays:
            values = zip(arrays[name].tolist(), arrays[f"{name}_types"].tolist(), strict=True)
            setattr(model, attribute, [_FLOATS[kind](value) for value, kind in values])
    if content["feature_names"] is not None:
        _require(len(content["feature_names"]) == layout.sizes[0], "it names another number of features")
        model.feature_names_in_ = np.array(content["feature_names"], dtype=object)  # type: ignore[attr-defined]
    if isinstance(model, MLPClassifier):
        model.classes_ = arrays["classes"]
        model._label_binarizer = _binarizer_in(content["labels"], arrays["label_classes"], layout.sizes[-1])
        # an indicator matrix may have fewer columns than partial_fit was told classes
        fewer = model._label_binarizer.y_type_ == "multilabel-indicator"
        same = fewer or np.array_equal(model.classes_, model._label_binarizer.classes_)
        _require(same and model.classes_.ndim == 1, "its classes differ")
    if content["rule"] is not None:
        model._optimizer = _rule_in(content["rule"], _named("rule_", arrays), layout.size)
    suspension = None
    if content["suspended"] is not None:
        suspension = Suspension(**content["suspended"], arrays=_named("suspended_", arrays))
        _check_suspension(suspension, layout.size)
    model._suspended = suspension
    return cast(MLPClassifier | MLPRegressor, model)


def _curve_arrays(name: str, values: list[Any]) -> dict[str, Array]:
    kinds = [value.itemsize if isinstance(value, np.generic) else 0 for value in values]
    return {name: np.array(values, dtype=np.float64), f"{name}_types": np.array(kinds, dtype=np.uint8)}


def _rule_content(rule: UpdateRule) -> dict[str, Any]:
    names = inspect.signature(type(rule)).parameters
    schedule = {"class": type(rule.schedule).__name__, "parameters": dict(vars(rule.schedule))}
    parameters = {name: schedule if name == "schedule" else getattr(rule, name) for name in names}
    return {"class": type(rule).__name__, "parameters": parameters}


def _binarizer_in(labels: Mapping[str, Any], classes: Array, n_outputs: int) -> LabelBinarizer:
    kind, container = labels["kind"], labels["container"]
    _require(kind in ("binary", "multiclass", "multilabel-indicator"), f"its target is of the kind {kind!r}")
    _require(container in ("ndarray", "csr_matrix", "csr_array"), f"its target is a {container!r}")
    columns = 1 if kind == "binary" else len(classes)
    _require(classes.ndim == 1 and columns == n_outputs, f"it has {classes.shape} classes for {n_outputs} outputs")
    binarizer = LabelBinarizer()
    binarizer.y_type_, binarizer.classes_ = kind, classes
    # SciPy's, whose matrices the network was trained on: SciPy is needed for these networks alone
    binarizer._container = (
        np.asarray if container == "ndarray" else getattr(importlib.import_module("scipy.sparse"), container)
    )
    return binarizer


def _rule_in(content: Mapping[str, Any], state: Mapping[str, Array], size: int) -> UpdateRule:
    parameters = dict(content["parameters"])
    schedule = parameters["schedule"]
    parameters["schedule"] = _SCHEDULES[schedule["class"]](**schedule["parameters"])
    rule: UpdateRule = _RULES[content["class"]](**parameters)
    rule.restore(state)
    moments = {name: value for name, value in vars(rule).items() if isinstance(value, list) and name[0] != "_"}
    for name, blocks in moments.items():
        length = sum(block.size for block in blocks)
        _require(length == size, f"its update rule has {length} {name} for {size} parameters")
    return rule


def _check_suspension(suspension: Suspension, size: int) -> None:
    checked_generator(suspension.generator)
    arrays = suspension.arrays
    if suspension.solver == "lbfgs":
        _require(not arrays or LBFGSState.from_arrays(arrays).x.size == size, "its L-BFGS has other parameters")
        return
    order, start = arrays["order"], int(arrays["start"])
    _require(np.array_equal(np.sort(order), np.arange(order.size)), "its order of rows is no permutation")
    _require(0 <= start <= order.size, "its next batch is not among the rows")
    for name in {"finite", "parameters", "best"} & set(arrays):
        _require(arrays[name].shape == (size,), f"its suspended {name} have another size")


def _named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise UnreadableError(otherwise)
