"""Whether the gradient that trains a network is the derivative of its loss."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.neural_network.gradient_comparison import Comparison, PartCheck
from workings.neural_network.gradient_probes import Probe
from workings.neural_network.gradient_verdict import Setting, judge
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.neural_network.problem import Problem, fitted_problem

# rows times weights of one forward pass: some milliseconds
_WORK = 1 << 21
_MOST_ROWS, _FEWEST_ROWS = 64, 8
# parameters compared times parameters of the network: some seconds
_MOST_NUMBERS = 1 << 26


@dataclass(frozen=True)
class GradientCheck:
    """What `check_gradients` found.

    Parameters
    ----------
    ok : bool
        Whether every derivative that was compared is right.
    verdict : str
        The finding in words; for a wrong gradient the layer, the worst parameter and, if known, the mistake.
    parts : tuple of PartCheck
        Weights and biases of each layer, from the lowest.
    n_samples, n_parameters : int
        Rows used, and parameters compared one at a time.
    loss : float
        The loss that the gradient should be of, on these rows, penalty included.
    """

    ok: bool
    verdict: str
    parts: tuple[PartCheck, ...]
    n_samples: int
    n_parameters: int
    loss: float

    def frame(self) -> pd.DataFrame:
        """Return one row for the weights and one for the biases of each layer.

        Returns
        -------
        DataFrame
            The fields of `PartCheck`: layer, part, size, checked, ok, worst, gradient, complex_step,
            central_difference, deviation, tolerance, central_deviation, central_tolerance, undecided.
        """
        return pd.DataFrame([asdict(part) for part in self.parts])

    def __str__(self) -> str:
        columns = ["layer", "part", "size", "checked", "deviation", "tolerance", "central_deviation", "ok"]
        table = self.frame()[columns].to_string(index=False, float_format=lambda value: f"{value:.1e}")
        return f"{self.verdict}\n{table}"

    def __repr__(self) -> str:
        return f"GradientCheck(ok={self.ok}, verdict={self.verdict!r})"


def check_gradients(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    n_parameters: int = 300,
    random_state: Any = 0,
) -> GradientCheck:
    """Compare the gradient that trains a network with derivatives of its loss that need no backward pass.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Fitted; a `Network` bound to its parameters. Not changed.
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        As for `fit`; for a `Network` as for `train`.
    sample_weight : array-like of shape (n_samples,), optional
    n_parameters : int, default=300
        How many parameters at most are compared one at a time, shared out among weights and biases of the layers; at
        least 2 of each. If there are more, the rest is compared along a random direction in each part.
    random_state : int, RandomState or None, default=0
        Draws rows, parameters, directions, and what dropout draws.

    Returns
    -------
    GradientCheck
        With a verdict in words; ``frame()`` has the figures.

    Raises
    ------
    TypeError
        If `model` is another kind of object; scikit-learn's networks compute their gradients with code of their own.
    ValueError
        If `model` is not fitted or not bound, the data do not fit it, its loss is not finite on them, or every row lies
        at a kink.

    Notes
    -----
    For a direction v the derivative ``g·v`` of the gradient g is compared with

    - the complex step ``Im L(θ + i h v) / h``, h = 1e-30, in which nothing is subtracted, so that it is exact to
      rounding: the tolerance is ``100 ε (1 + Σ_layers max (|a| |W| + |b|))`` of the size of the terms, the mean over
      the rows of |g|, since near a minimum the terms are large though their sum is small;
    - the central difference ``(L(θ + h v) - L(θ - h v)) / 2h``, h from 1e-5 down, whose error is estimated from half
      the step and the rounding of L; where it is not known to a thousandth it decides nothing and counts as undecided.

    L comes from the layers' forward passes, the loss's value and a penalty written out here. It is the loss that is
    minimised: for the squared error of q outputs q times the mean that is reported. The reported loss is compared too.
    All is computed in double precision, whatever the type of the model; what single precision adds in rounding is not
    judged. Dropout draws the same mask in every evaluation. Rows with a unit within 1e-6 of a kink of its activation
    are left out, as are rows whose true class has a probability of 0 to rounding, where the log-loss is clipped; in the
    binary log-loss below 1e-6, where ``1 - p`` has lost its digits, and ``1 / (1 - p)`` of the others adds to the sum
    in the tolerance.
    An error in a layer passes to all layers below: the verdict names the highest wrong one.

    Fails when a function of your own has kinks that depend on more than one unit; when gradients vanish (below 1e-7 of
    the loss) and a function of your own does not take complex numbers, so that neither way can decide. A mistake in
    parameters that are not compared one at a time shows only along a random direction, and is not located.
    Cost: some 10 forward passes for each parameter compared, on at most 64 rows; with p parameters on ``2^21 / p`` rows
    but at least 8, and for no more than ``2^26 / p`` parameters. Memory: 15 p numbers.

    Source: Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 40
    (1998), 110-112.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.neural_network import MLPRegressor, check_gradients
    >>> X = np.linspace(-1.0, 1.0, 41).reshape(-1, 1)
    >>> network = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=0)
    >>> check_gradients(network.fit(X, X.ravel() ** 2), X, X.ravel() ** 2).ok
    True
    """
    if not isinstance(n_parameters, Integral) or isinstance(n_parameters, bool) or n_parameters < 1:
        raise ValueError(f"n_parameters is the number of parameters to compare, 1 or more; got {n_parameters!r}.")
    rng = check_random_state(random_state)
    problem = fitted_problem(model, X, y, sample_weight)
    coefs, suffix = (model.coefs, "") if isinstance(model, Network) else (model.coefs_, "_")
    seed = int(rng.randint(2**31 - 1))
    n_given = len(problem.y)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        problem, n_left_out = _smooth_rows(problem, seed, rng)
        probe = Probe(problem, seed)
        loss = float(probe.loss(problem.parameters))
        parts = _comparisons(probe, suffix, int(n_parameters), rng)
    setting = Setting(problem.total, problem.network.alpha, *problem.y.shape)
    ok, verdict = judge(parts, setting, _reported(probe, loss, parts))
    remarks = []
    if len(problem.y) < n_given:
        at_kinks = f", leaving out {n_left_out} at a kink or a label given no probability" if n_left_out else ""
        remarks.append(f"on {len(problem.y)} of the {n_given} rows{at_kinks}")
    if coefs[0].dtype == np.float32:
        remarks.append("in double precision, though the parameters are single")
    if remarks:
        verdict += f" Checked {', '.join(remarks)}."
    records = tuple(part.record() for part in parts)
    return GradientCheck(ok, verdict, records, len(problem.y), sum(record.checked for record in records), loss)


def _smooth_rows(problem: Problem, seed: int, rng: np.random.RandomState) -> tuple[Problem, int]:
    """Return as many rows as the work allows at which the loss has a derivative, and how many had none."""
    most = int(np.clip(_WORK // problem.network.layout.n_weights, _FEWEST_ROWS, _MOST_ROWS))
    given = problem.sample_weight
    weighted = np.arange(len(problem.y)) if given is None else np.flatnonzero(given)
    candidates = np.sort(rng.permutation(weighted)[: 4 * most])
    probe = Probe(problem.rows(candidates), seed)
    if not np.isfinite(probe.loss(problem.parameters)):
        raise ValueError("The loss is not finite at these parameters and data: a gradient has no meaning there.")
    smooth = probe.smooth_rows()
    kept = candidates[smooth]
    if not kept.size:
        raise ValueError(
            f"All {len(candidates)} rows that were tried lie at a kink of an activation or where the loss is clipped, "
            "and there is no derivative to compare: give other rows, or move the parameters a little."
        )
    kept = np.sort(rng.permutation(kept)[:most])
    return problem.rows(kept), int((~smooth).sum())


def _comparisons(probe: Probe, suffix: str, n_parameters: int, rng: np.random.RandomState) -> list[Comparison]:
    layout = probe.network.layout
    _, gradient = probe.reported_and_gradient()
    sizes = probe.sizes_of_terms()
    n_parameters = min(n_parameters, _MOST_NUMBERS // layout.size)
    share = max(2, n_parameters // (2 * len(layout.shapes)))
    comparisons = []
    for layer, pair in enumerate(zip(*layout.split(np.arange(layout.size)), strict=True)):
        for part, name, numbers in zip(("weights", "biases"), ("coefs", "intercepts"), pair, strict=True):
            everything = layout.size <= n_parameters or numbers.size <= share
            flat = numbers.ravel()
            positions = np.arange(flat.size) if everything else np.sort(rng.permutation(flat.size)[:share])
            moves = [(flat[i : i + 1], np.ones(1)) for i in positions]
            if not everything:
                moves.append((flat, rng.standard_normal(flat.size)))
            # a parameter's terms may cancel within a row as well: the largest of the part is the measure of each
            largest = float(sizes[flat].max())
            scales = [largest if index.size == 1 else float(sizes[index] @ np.abs(v)) for index, v in moves]
            gradients, exact, central, error, scale = np.transpose(
                [
                    _compare(probe, index, v, gradient, scale, probe.reach[layer])
                    for (index, v), scale in zip(moves, scales, strict=True)
                ]
            )
            comparisons.append(
                Comparison(
                    layer + 1,
                    part,
                    f"{name}{suffix}[{layer}]",
                    numbers.shape,
                    positions,
                    probe.parameters[flat[positions]],
                    gradients,
                    exact,
                    central,
                    error,
                    scale,
                    probe.noise,
                )
            )
    return comparisons


def _compare(
    probe: Probe, index: Array, direction: Array, gradient: Array, scale: float, reach: float
) -> tuple[float, float, float, float, float]:
    """Return a directional derivative by back-propagation, complex step and difference, its error and its scale."""
    found = float(gradient[index] @ direction)
    exact = probe.complex_step(index, direction)
    # a gradient that is 0 by mistake has no size of its own
    scale = float(np.nanmax([scale, abs(exact)]))
    central, error = probe.central_difference(index, direction, found, scale, reach)
    return found, exact, central, error, scale


def _reported(probe: Probe, loss: float, parts: list[Comparison]) -> tuple[float, float, float]:
    """Return the loss that training reports, what it should be, and the rounding between them."""
    reported, _ = probe.reported_and_gradient()
    weights = probe.parameters[: probe.network.layout.n_weights]
    penalty = 0.5 * probe.network.alpha * float(weights @ weights) / probe.problem.total
    expected = (loss - penalty) / probe.problem.outputs_in_mean + penalty
    return reported, expected, probe.noise * (1 + abs(expected) + max(float(part.scale.max()) for part in parts))
