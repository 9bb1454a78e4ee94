"""Which output of a network is explained, and how it becomes a prediction, a label and a probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.explain.models import TrainedNetwork
from workings.explain.perceptron import Floats
from workings.explain.wording import label


@dataclass(frozen=True)
class NetworkOutput:
    """One number that a network computes before its output's activation.

    Parameters
    ----------
    what : str
        The number in words.
    direction : ndarray of shape (q,)
        It is ``outputs @ direction``.
    said : str
        The label that it speaks for, in words; empty for a regression.
    position : int
        Of the output, or of the class, that it speaks for.
    margins : ndarray of shape (q, m)
        Combinations ``outputs @ margins`` that are positive as long as the predicted label stays.
    beyond : tuple
        The label beyond each of the margins.
    beyond_names : tuple of str
        The same in words.
    """

    what: str
    direction: Floats
    said: str
    position: int
    margins: Floats
    beyond: tuple[Any, ...]
    beyond_names: tuple[str, ...]


def chosen_output(network: TrainedNetwork, predicted: Any, outputs: Floats, output: Any) -> NetworkOutput:
    """Return the number to explain.

    Parameters
    ----------
    network : TrainedNetwork
    predicted : object
        What the model says of the row: a number, an array of them, a label or an array of indicators.
    outputs : ndarray of shape (q,)
        Of the row, before their activation.
    output : object
        As given to `explain`.

    Returns
    -------
    NetworkOutput
    """
    q = len(outputs)
    if network.classes is None:
        position = output_position(output, q)
        number = "the prediction" if network.out_activation == "identity" else "the logarithm of the prediction"
        target = "" if q == 1 else f" of target {position} of {q}"
        return NetworkOutput(number + target, np.eye(q)[position], "", position, np.empty((q, 0)), (), ())
    if network.out_activation == "softmax":
        return _of_classes(network.classes, predicted, outputs, output)
    if q > 1:
        return _of_labels(network.classes, predicted, output)
    return _of_two(network.classes, predicted, output)


def output_position(output: Any, n_outputs: int) -> int:
    """Return the number of the target that is meant; the first one by default.

    Parameters
    ----------
    output : int or None
    n_outputs : int

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no such target.
    """
    if output is None:
        return 0
    if isinstance(output, bool) or not isinstance(output, int | np.integer) or not 0 <= output < n_outputs:
        raise ValueError(f"output has to be the number of a target, 0 to {n_outputs - 1}; got {output!r}.")
    return int(output)


def _of_classes(classes: Any, predicted: Any, outputs: Floats, output: Any) -> NetworkOutput:
    unit = np.eye(len(classes))
    own = _class_position(classes, predicted)
    said = own if output is None else _class_position(classes, output)
    others = [k for k in range(len(classes)) if k != said]
    rival = max(others, key=lambda k: outputs[k])
    beyond = [k for k in range(len(classes)) if k != own]
    return NetworkOutput(
        f"the log-odds of {_name(classes[said])} against {_name(classes[rival])}",
        unit[said] - unit[rival],
        _name(classes[said]),
        said,
        np.stack([unit[own] - unit[k] for k in beyond], axis=1),
        tuple(classes[k] for k in beyond),
        tuple(_name(classes[k]) for k in beyond),
    )


def _of_two(classes: Any, predicted: Any, output: Any) -> NetworkOutput:
    own = _class_position(classes, predicted)
    said = own if output is None else _class_position(classes, output)
    # a network that saw a single class has one output, which is negative for it
    signs = (-1.0, 1.0)
    others = [k for k in range(len(classes)) if k != own]
    return NetworkOutput(
        f"the log-odds of {_name(classes[said])}",
        np.array([signs[said]]),
        _name(classes[said]),
        said,
        np.full((1, len(others)), signs[own]),
        tuple(classes[k] for k in others),
        tuple(_name(classes[k]) for k in others),
    )


def _of_labels(classes: Any, predicted: Any, output: Any) -> NetworkOutput:
    position = 0 if output is None else _class_position(classes, output)
    given = bool(predicted[position])
    unit = np.eye(len(classes))[position] * (1.0 if given else -1.0)
    with_it, without = f"label {label(classes[position])}", f"no label {label(classes[position])}"
    said, other = (with_it, without) if given else (without, with_it)
    return NetworkOutput(
        f"the log-odds of {said}", unit, said, position, unit[:, np.newaxis], (int(not given),), (other,)
    )


def _name(value: Any) -> str:
    return label(value) if isinstance(value, str) else f"class {label(value)}"


def _class_position(classes: Any, wanted: Any) -> int:
    found = np.flatnonzero(classes == wanted)
    if not len(found):
        raise ValueError(f"output has to be one of the classes {', '.join(map(label, classes))}; got {wanted!r}.")
    return int(found[0])


def probability(network: TrainedNetwork, chosen: NetworkOutput, outputs: Floats) -> float | None:
    """Return the probability of the label that an output speaks for.

    Parameters
    ----------
    network : TrainedNetwork
    chosen : NetworkOutput
    outputs : ndarray of shape (q,)
        Before their activation.

    Returns
    -------
    float or None
        None for a regression.
    """
    if network.classes is None:
        return None
    if network.out_activation == "softmax":
        powers = np.exp(outputs - outputs.max())
        return float(powers[chosen.position] / powers.sum())
    return float(np.exp(-np.logaddexp(0.0, -(outputs @ chosen.direction))))
