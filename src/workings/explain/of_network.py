"""The explanation of a neural network's prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workings.explain.boundary import nearest_boundary
from workings.explain.evidence import Evidence, ask
from workings.explain.explanation import Explanation
from workings.explain.flip import Flip
from workings.explain.inputs import Inputs
from workings.explain.integrated_gradients import IntegratedGradients, integrated_gradients
from workings.explain.local_piece import LocalPiece, local_piece
from workings.explain.models import TrainedNetwork
from workings.explain.network_output import NetworkOutput, chosen_output, probability
from workings.explain.of_linear import regression_sentence
from workings.explain.perceptron import Floats
from workings.explain.permutation import PermutationShapley, permutation_shapley
from workings.explain.wording import for_and_against, number, percent, reasons


def explain_network(model: Any, network: TrainedNetwork, given: Inputs, output: Any, random_state: int) -> Explanation:
    """Explain a network's prediction.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
    network : TrainedNetwork
        Its parameters.
    given : Inputs
    output : object
        Class or target to explain; None for the predicted or the first one.
    random_state : int

    Returns
    -------
    Explanation
    """
    perceptron = network.perceptron
    predicted = ask(model, "predict", given.row)
    outputs, at_background = perceptron.outputs(np.stack([given.row, given.background]))
    chosen = chosen_output(network, predicted, outputs, output)
    path = integrated_gradients(perceptron, given.row, given.background, chosen.direction)
    sampled = permutation_shapley(
        lambda rows: perceptron.outputs(rows) @ chosen.direction,
        given.row,
        given.background,
        random_state=random_state,
    )
    likely, base_likely = (probability(network, chosen, values) for values in (outputs, at_background))
    scale = _scale(perceptron.sums(given.row[np.newaxis])[-1][0], path)
    evidence = Evidence()
    _add_own_prediction(model, network, given, chosen, path.end, likely, evidence, scale)
    _add_paths(path, sampled, evidence, scale)
    missing = {"rows": "what a row of the training did to a network shows only when it is trained again without it."}
    local = _local(network, given, evidence, missing, scale)
    flip = _flip(network, given, local, chosen, evidence, missing, scale)
    split = given.series(path.contributions)
    return Explanation(
        family="neural network",
        prediction=_prediction(network, predicted, chosen),
        what=chosen.what,
        value=path.end,
        base=path.start,
        probability=likely,
        base_probability=base_likely,
        background=given.series(given.background),
        background_name=given.background_name,
        contributions=given.table(given.background, path.contributions, sampled),
        rows=None,
        flip=flip,
        local=local,
        identity=evidence.frame(),
        not_applicable=missing,
        sentence=_sentence(network, given, chosen, split, path, likely, base_likely, flip),
    )


def _scale(outputs: Floats, path: IntegratedGradients) -> float:
    return float(np.abs(outputs).max() + abs(path.start) + np.abs(path.contributions).sum())


def _prediction(network: TrainedNetwork, predicted: Any, chosen: NetworkOutput) -> Any:
    if network.classes is None:
        return float(np.ravel(predicted)[chosen.position])
    return predicted


def _add_own_prediction(
    model: Any,
    network: TrainedNetwork,
    given: Inputs,
    chosen: NetworkOutput,
    value: float,
    likely: float | None,
    evidence: Evidence,
    scale: float,
) -> None:
    """Compare with what the model itself computes."""
    if likely is None:
        said = float(np.ravel(ask(model, "predict", given.row))[chosen.position])
        ours, scale = (value, scale) if network.out_activation == "identity" else (float(np.exp(value)), abs(said))
        evidence.add("model", "our prediction = the model's own", abs(ours - said), scale)
        return
    theirs = np.ravel(ask(model, "predict_proba", given.row))
    own = float(theirs[chosen.position])
    if len(chosen.direction) > 1 and chosen.direction.sum() < 0:  # a label that is not given
        own = 1.0 - own
    evidence.add("model", "our probability = the model's own", abs(likely - own), 1.0)


def _add_paths(path: IntegratedGradients, sampled: PermutationShapley, evidence: Evidence, scale: float) -> None:
    evidence.add("contributions", "background + contributions = explained number", path.residual, scale)
    if not path.exact:
        evidence.add("quadrature", "contributions = integral along the path", path.error, scale, "quadrature")
    evidence.add(
        "shapley",
        "the drawn orders' mean = Shapley values (another split than the contributions)",
        sampled.standard_errors.max(),
        scale,
        "standard error",
    )


def _local(
    network: TrainedNetwork, given: Inputs, evidence: Evidence, missing: dict[str, str], scale: float
) -> LocalPiece | None:
    if not network.perceptron.piecewise_linear:
        missing["local"] = f"{network.perceptron.activation} units are curved: the network is linear nowhere."
        return None
    piece = local_piece(network.perceptron, given.row)
    evidence.add("local", "row @ weights + biases = outputs", piece.residual, scale)
    return piece


def _flip(
    network: TrainedNetwork,
    given: Inputs,
    piece: LocalPiece | None,
    chosen: NetworkOutput,
    evidence: Evidence,
    missing: dict[str, str],
    scale: float,
) -> Flip | None:
    if network.classes is None:
        missing["flip"] = "a regression has no classes, hence no boundary."
    elif not chosen.beyond:
        missing["flip"] = "the network knows a single class."
    elif piece is None:
        missing["flip"] = (
            f"with {network.perceptron.activation} units the boundary is curved; no exact least change is known."
        )
    else:
        found = nearest_boundary(network.perceptron, given.row, piece, chosen.margins)
        if found is None:
            missing["flip"] = (
                "the way on which the network's local slope falls fastest leads to no other class; no change shorter "
                f"than {piece.radius:.3g} flips the row."
            )
            return None
        changed = given.row + found.change
        gap = network.perceptron.outputs(changed[np.newaxis])[0] @ chosen.margins[:, found.margin]
        evidence.add("flip", "both labels are equally likely at the changed row", abs(gap), scale)
        return Flip(
            to=chosen.beyond[found.margin],
            name=chosen.beyond_names[found.margin],
            distance=found.distance,
            change=given.series(found.change),
            row=given.series(changed),
            certain=found.certain,
            least=found.inside,
        )
    return None


def _sentence(
    network: TrainedNetwork,
    given: Inputs,
    chosen: NetworkOutput,
    split: pd.Series[float],
    path: IntegratedGradients,
    likely: float | None,
    base_likely: float | None,
    flip: Flip | None,
) -> str:
    """Say it in plain words."""
    if likely is None or base_likely is None:
        if network.out_activation == "identity":
            return regression_sentence(split, given, path.end, path.start)
        return _factor_sentence(given, split, path)
    levels = given.series(given.row - given.background)
    text = (
        f"The model gives {chosen.said} a probability of {percent(likely)}, against {percent(base_likely)} for "
        f"{given.background_name}."
    )
    text += for_and_against(split, levels, "it")
    return text if flip is None else f"{text} {flip.sentence}"


def _factor_sentence(given: Inputs, split: pd.Series[float], path: IntegratedGradients) -> str:
    """Say what the factors of a prediction are whose logarithm is explained."""
    value, base = float(np.exp(path.end)), float(np.exp(path.start))
    text = (
        f"The model says {number(value, value)}: {np.exp(path.end - path.start):.3g} times what it says of "
        f"{given.background_name} ({number(base, value)})"
    )
    levels = given.series(given.row - given.background)
    for_it = reasons(split, levels, path.end - path.start, lambda part: f"times {np.exp(part):.3g}")
    return f"{text}, mostly because {for_it}." if for_it else f"{text}."
