"""Training on all rows at once, by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workings.base import ConvergenceWarning, warn
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.optimize import LBFGS, LBFGSState, Minimum
from workings.recording import Recorder

Objective = Callable[[Array], tuple[float, Array]]


def objective_of(network: Network, X: Any, y: Array, sample_weight: Array | None, dtype: np.dtype[Any]) -> Objective:
    """Return a network's loss and gradient as a function of its parameters.

    Parameters
    ----------
    network : Network
        Bound to a vector of its own, into which each evaluation copies the parameters.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), optional
    dtype : float type
        In which the parameters are used.

    Returns
    -------
    callable
        Vector to ``(loss, gradient)``, the gradient of float64 and overwritten by the next call.
    """
    bound = np.empty(network.layout.size, dtype)
    network.bind(bound)
    room = network.room_for_gradient(X, y, sample_weight)

    def objective(parameters: Array) -> tuple[float, Array]:
        bound[...] = parameters
        loss = network.loss_and_gradient(X, y, sample_weight, room)
        gradient = room.blocks[0] if len(room.blocks) == 1 else np.concatenate(room.blocks)
        return float(loss), gradient.astype(np.float64, copy=False)

    return objective


def minimise(
    objective: Objective,
    start: Array | LBFGSState,
    tol: float,
    max_iter: int,
    max_fun: int,
    recorder: Recorder | None,
    keep: Callable[[LBFGSState], object] | None = None,
) -> Minimum:
    """Minimise the loss of a network.

    Parameters
    ----------
    objective : callable
        From `objective_of`.
    start : ndarray or LBFGSState
        The parameters to start from, or the state of an interrupted minimisation to go on from.
    tol : float
        Largest component of the gradient at which to stop.
    max_iter, max_fun : int
        Limits on the iterations and on the evaluations.
    recorder : Recorder, optional
    keep : callable, optional
        Given the state after each iteration, so that the last one survives an exception.

    Returns
    -------
    Minimum

    Raises
    ------
    ValueError
        If the loss or its gradient is not finite at the start.

    Warns
    -----
    ConvergenceWarning
        If a limit was reached or the line search failed.
    """

    def watch(state: LBFGSState) -> None:
        if keep is not None:
            keep(state)
        if recorder is not None:
            norm = float(np.sqrt(state.gradient @ state.gradient))
            recorder.write(
                "iteration", iteration=state.n_iterations, loss=state.value, gradient_norm=norm, step=state.step
            )

    solver = LBFGS(gradient_tolerance=tol, max_iterations=max_iter, max_evaluations=max_fun)
    minimum = solver.minimise(objective, start, watch)
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
