"""Training on all rows at once, by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workings.base import ConvergenceWarning, warn
from workings.neural_network.parameters import Array
from workings.neural_network.propagation import Network
from workings.optimize import LBFGS, Minimum
from workings.recording import Recorder

Objective = Callable[[Array], tuple[float, Array]]


def objective_of(network: Network, X: Any, y: Array, sample_weight: Array | None, dtype: np.dtype[Any]) -> Objective:
    """Return a network's loss and gradient as a function of its parameters.

    Parameters
    ----------
    network : Network
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), optional
    dtype : float type
        In which the parameters are used.

    Returns
    -------
    callable
        Vector to ``(loss, gradient)``, the gradient a new array of float64.
    """

    def objective(parameters: Array) -> tuple[float, Array]:
        network.bind(parameters.astype(dtype, copy=False))
        gradient = network.room_for_gradient(X, y, sample_weight)
        loss = network.loss_and_gradient(X, y, sample_weight, gradient)
        return float(loss), np.concatenate(gradient.blocks).astype(np.float64, copy=False)

    return objective


def minimise(
    objective: Objective, parameters: Array, tol: float, max_iter: int, max_fun: int, recorder: Recorder | None
) -> Minimum:
    """Minimise the loss of a network.

    Parameters
    ----------
    objective : callable
        From `objective_of`.
    parameters : ndarray
        Where to start.
    tol : float
        Largest component of the gradient at which to stop.
    max_iter, max_fun : int
        Limits on the iterations and on the evaluations.
    recorder : Recorder, optional

    Returns
    -------
    Minimum

    Warns
    -----
    ConvergenceWarning
        If a limit was reached or the line search failed.
    """

    def watch(iteration: int, value: float, gradient: Array, step: float) -> None:
        if recorder is not None:
            norm = float(np.sqrt(gradient @ gradient))
            recorder.write("iteration", iteration=iteration, loss=value, gradient_norm=norm, step=step)

    solver = LBFGS(gradient_tolerance=tol, max_iterations=max_iter, max_evaluations=max_fun)
    minimum = solver.minimise(objective, parameters, watch)
    if not minimum.converged:
        advice = (
            f"\nIncrease the number of iterations to improve the convergence (max_iter={max_iter})."
            if minimum.n_iterations == max_iter
            else ""
        )
        warn(
            ConvergenceWarning,
            f"lbfgs failed to converge after {minimum.n_iterations} iteration(s) (status={minimum.status}):\n"
            f"{minimum.reason}\n{advice}\nYou might also want to standardise the columns of X: features of very "
            "different scale slow every descent down.",
        )
    return minimum
