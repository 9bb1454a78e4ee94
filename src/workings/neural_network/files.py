"""Networks in files: saved, loaded, and written again and again while they are trained."""

from __future__ import annotations

import importlib
import inspect
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral
from pathlib import Path
from typing import Any, cast

import numpy as np

from workings.base import NotFittedError, recognised
from workings.neural_network.archive import (
    UnreadableError,
    checked_generator,
    place_of,
    read_archive,
    write_archive,
)
from workings.neural_network.classifier import MLPClassifier
from workings.neural_network.estimator import MultilayerPerceptron
from workings.neural_network.labels import LabelBinarizer
from workings.neural_network.parameters import Array, Layout, layout_of, pack
from workings.neural_network.regressor import MLPRegressor
from workings.neural_network.suspension import Checkpoint, Suspension, open_checkpoint
from workings.optimize import Adam, Adaptive, Constant, GradientDescent, InverseScaling, LBFGSState, UpdateRule

_ESTIMATORS: dict[str, type[MultilayerPerceptron]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
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


def save(model: MLPClassifier | MLPRegressor, path: str | os.PathLike[str]) -> None:
    """Write a trained network, or one whose training was interrupted, to an ``.npz`` file.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
    path : str or path
        Taken as it is: no suffix is added.

    Raises
    ------
    TypeError
        If the model is not of one of the two classes.
    NotFittedError
        If it has no weights yet.
    ValueError
        If it is being trained at the moment, has weights that are not finite, or a parameter that has no place in such
        a file.
    OSError
        If the file cannot be written. What was there before is then still there, as it is at any moment until the new
        file is complete.

    Notes
    -----
    A loaded network predicts, goes on with `partial_fit`, with `fit` under `warm_start` and with `resume`, and repeats
    `fit`, all with the same bits as the saved one. A `random_state` that is a generator is saved in its present state.

    The file is a zip of arrays that ``numpy.load(path, allow_pickle=False)`` opens. With p weights and biases, e epochs
    and n rows:

    ===================================  ==============  ==========  ==================================================
    key                                  shape           dtype       what
    ===================================  ==============  ==========  ==================================================
    ``header``                           ()              str         JSON, see below
    ``parameters``                       (p,)            float       weights and biases, ``[W0, ..., Wk, b0, ..., bk]``
    ``classes``                          (n_classes,)    any plain   ``classes_`` of a classifier
    ``label_classes``                    (n_classes,)    any plain   the same; for `partial_fit` on an indicator matrix
                                                                     the numbers of its columns
    ``loss_curve``                       (e,)            float64     "sgd" and "adam"
    ``loss_curve_types``                 (e,)            uint8       4 and 8 for NumPy's float32 and float64, 0 for
                                                                     Python's float
    ``validation_scores`` and its types  (e,)            as above    early stopping
    ``rule_...``                         (p,) or ()      number      ``state()`` of the update rule; moments in two
                                                                     parts where weights and biases differ in type
    ``suspended_order``                  (n,)            int         of an interrupted training, as the next ones: the
                                                                     rows in the order of the present epoch
    ``suspended_start``                  ()              int         how many of them are done
    ``suspended_between_epochs``         ()              bool        whether the next epoch has yet to draw its order
    ``suspended_epochs``                 ()              int         that are finished
    ``suspended_loss_sum``               ()              float       over the rows of the present epoch
    ``suspended_beginning``              ()              str         of a divergence: a sentence on where it began
    ``suspended_warned``                 ()              bool        whether it has been told
    ``suspended_finite``                 (p,)            float       parameters an epoch ends with, where they differ
    ``suspended_parameters``             (p,)            float       early stopping: those that are being trained
    ``suspended_best``                   (p,)            float       early stopping: those with the best score
    ``suspended_training_rows``          any             int         early stopping: numbers of the rows trained on
    ``suspended_validation_rows``        any             int         early stopping: numbers of the rows set aside
    ``suspended_...``                    as there                    L-BFGS: ``LBFGSState.arrays()`` in place of these
    ===================================  ==============  ==========  ==================================================

    The header's entries are ``format`` (``"workings neural network"``), ``version`` (1), ``arrays`` (dtype and shape of
    every other key) and ``content``: ``class``, ``parameters`` (of the constructor), ``fitted`` (numbers and names by
    attribute), ``sizes`` (units by layer), ``feature_names``, ``labels`` (kind and container of the target), ``rule``
    (class and parameters) and ``suspended`` (solver, early_stopping, single_epoch, fingerprint of the data, generator,
    dtype). Types that JSON has not are written as ``{"float": "nan"}``, ``{"tuple": [...]}``, ``{"dict": {...}}``,
    ``{"scalar": [dtype, shape, values]}``, ``{"array": ...}`` likewise, and ``{"RandomState": ...}``.

    Fails when other files of the same name are being written at the same time: the last one wins.
    Cost: the bytes of the above: 8 p, three times that with Adam, some 22 times that for an interrupted L-BFGS; and a
    wait until they are on the disk.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> X = np.arange(12.0).reshape(6, 2)
    >>> network = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0).fit(X, X[:, 0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "network.npz")
    ...     save(network, path)
    ...     print(np.array_equal(load(path).predict(X), network.predict(X)))
    True
    """
    _require_one_of_ours(model)
    if model._in_training:
        raise ValueError(
            "The network is being trained, and half of it would be of one step and half of another: save it "
            "afterwards, or train it inside `with checkpoint(path):`."
        )
    _write(model, place_of(path))


def load(path: str | os.PathLike[str]) -> MLPClassifier | MLPRegressor:
    """Read a network that `save` or `checkpoint` has written.

    Parameters
    ----------
    path : str or path
        Taken as it is: no suffix is added.

    Returns
    -------
    MLPClassifier or MLPRegressor

    Raises
    ------
    ValueError
        If the file is no such file, is damaged, is of a newer version, or holds Python objects, which could run code;
        the message says which.
    OSError
        If there is no such file, or it cannot be read.

    Notes
    -----
    Every part has a checksum, which is compared before the part is used; then the parts are compared with each other.
    Fails when somebody has changed the file and its checksums on purpose: other weights are other weights.
    Cost: as `save`.
    """
    try:
        content, arrays = read_archive(path)
        try:
            return _model_in(content, arrays)
        except UnreadableError:
            raise
        except Exception as error:  # whatever other values than those of `save` may lead to
            raise UnreadableError(f"its parts do not belong together ({error})") from error
    except UnreadableError as error:
        raise ValueError(f"{os.fspath(path)!r} cannot be loaded: {error}.") from error


@contextmanager
def checkpoint(path: str | os.PathLike[str], every: int = 1) -> Iterator[None]:
    """Write networks to a file while they are trained inside the ``with`` block.

    Parameters
    ----------
    path : str or path
        Each writing takes the place of the one before, in one step: the file is complete at any moment.
    every : int, default=1
        Epochs, or iterations of L-BFGS, from one writing to the next. Interruptions and ends are always written.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If `every` is not a whole number above 0.
    OSError
        If the file cannot be written: at the beginning of the block if its folder is missing, later as an exception
        that ends the training.

    Warns
    -----
    UserWarning
        If the block ended without an error and nothing was written.

    Notes
    -----
    After whatever has ended the process, ``load(path).resume(X, y)`` goes on to the same bits; if the training had
    ended, it says so and does nothing. `resume` inside a block goes on writing. A training that diverged, or was torn
    in the middle of a step, leaves the file as the last whole step left it.
    Several trainings in one block write over each other; of nested blocks the inner one holds.
    Fails when the fit runs elsewhere: another process or thread (``n_jobs`` above 1) does not see the block.
    Cost: a pass over the data once a training, and `save` every time.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import workings
    >>> X = np.linspace(0.0, 1.0, 50).reshape(-1, 1)
    >>> y = X.ravel() ** 2
    >>> def power_cut(step):
    ...     if step.event == "epoch" and step.values["epoch"] == 20:
    ...         raise SystemExit
    >>> network = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, learning_rate_init=0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "network.npz")
    ...     try:
    ...         with checkpoint(path, every=5), workings.record(callback=power_cut):
    ...             _ = network.fit(X, y)
    ...     except SystemExit:
    ...         resumed = load(path).resume(X, y)
    >>> whole = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, learning_rate_init=0.1).fit(X, y)
    >>> resumed.loss_curve_ == whole.loss_curve_, np.array_equal(resumed.predict(X), whole.predict(X))
    (True, True)
    """
    if not isinstance(every, Integral) or isinstance(every, bool) or every < 1:
        raise ValueError(f"every has to be a whole number of epochs above 0; got {every!r}.")
    target = place_of(path)
    written = False

    def write(model: Any) -> None:
        nonlocal written
        _require_one_of_ours(model)
        _write(model, target)
        written = True

    with open_checkpoint(Checkpoint(write, int(every))):
        yield
    if not written:
        warnings.warn(
            "No checkpoint was written: no MLPClassifier or MLPRegressor was trained inside the block, or it was "
            "trained in another process or thread (n_jobs above 1).",
            UserWarning,
            stacklevel=3,
        )


def _require_one_of_ours(model: Any) -> None:
    if type(model) not in _ESTIMATORS.values():
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise TypeError(f"Only the MLPClassifier and the MLPRegressor of workings can be saved, not a {kind}.")
    if not hasattr(model, "coefs_"):
        raise recognised(NotFittedError)(
            f"This {type(model).__name__} instance is not fitted yet, and has no weights to save: call 'fit' first."
        )


def _write(model: MultilayerPerceptron, target: Path) -> None:
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
    try:
        write_archive(target, content, arrays)
    except TypeError as error:
        raise ValueError(f"This {type(model).__name__} cannot be saved: there is no place for {error}.") from error


def _curve_arrays(name: str, values: list[Any]) -> dict[str, Array]:
    kinds = [value.itemsize if isinstance(value, np.generic) else 0 for value in values]
    return {name: np.array(values, dtype=np.float64), f"{name}_types": np.array(kinds, dtype=np.uint8)}


def _rule_content(rule: UpdateRule) -> dict[str, Any]:
    names = inspect.signature(type(rule)).parameters
    schedule = {"class": type(rule.schedule).__name__, "parameters": dict(vars(rule.schedule))}
    parameters = {name: schedule if name == "schedule" else getattr(rule, name) for name in names}
    return {"class": type(rule).__name__, "parameters": parameters}


def _model_in(content: Mapping[str, Any], arrays: dict[str, Array]) -> MLPClassifier | MLPRegressor:
    model = _ESTIMATORS[content["class"]](**content["parameters"])
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
