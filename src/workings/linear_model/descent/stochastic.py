"""Least squares by stochastic gradient descent: each update from a few rows drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, inf, sqrt
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from workings.base import check_random_state
from workings.linear_model.descent.iteration import Descent, Rate, check_rate
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.theory import DescentTheory
from workings.linear_model.moments import Floats
from workings.optimize import Constant, PlateauResponse, Schedule, UpdateRule
from workings.optimize import GradientDescent as MomentumRule


@dataclass(frozen=True)
class Stochastic(Descent):
    """Solve by stochastic gradient descent: the gradient of a batch of rows, drawn with replacement, for that of all.

    Parameters
    ----------
    rate : float or "optimal", default="optimal"
        The first step η. ``"optimal"`` is half the limit, 1/L_b; see Notes.
    batch_size : int, default=32
        Rows an update, at most n; 1 is stochastic gradient descent in the narrow sense.
    schedule : Schedule, optional
        How η changes after each epoch, from `workings.optimize`; constant by default. After ten epochs without a
        smaller loss it is asked whether to stop: `Constant` and `InverseScaling` do, `Adaptive` divides η.
    random_state : None, int or RandomState, default=0
        Draws the rows; each target begins with it afresh.
    max_iter : int, default=10000
        Most epochs, of n / batch_size updates each.
    tol : float, default=1e-10
        Stop when the norm of the gradient of all rows has become this many times its first; at least 0.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default. Those of constant features are 0 whatever `start` says.

    Notes
    -----
    With the error e, the Hessian H = X'X/n of the centred X, the residuals r at the minimum and batches of b rows::

        E|e₊|² <= |e|² - η (2 - η L_b) e'He + η² C / b,   L_b = (R² + (b - 1) L) / b,   C = Σ |x_i|² r_i² / n

    in expectation, where R is the length of the longest row and L the largest eigenvalue of H. Rows are drawn
    independently of e, so the product of the two noises, H_B e and the batch's gradient at the minimum, vanishes as
    the mean of e does. Steps below 2/L_b thus converge in mean square, to a noise floor: a mean loss above the
    minimum between ``η C / (4 b)`` and ``η C / (2 b (2 - η L_b))``. The limit is sufficient, not sharp: R² bounds a
    fourth moment of the rows.
    The coefficients of `LinearRegression` come out exact only if the fit is, or the schedule lets η vanish.
    Fails when one row is much longer than the others, which then dictates the step.
    Cost: as `GradientDescent`, a copy of X, and ``4 n p`` an epoch, dominated by the calls for small batches.

    Source: F. Bach and E. Moulines, "Non-strongly-convex smooth stochastic approximation with convergence rate
    O(1/n)", NIPS 2013, for R²; S. Ma, R. Bassily and M. Belkin, "The power of interpolation", ICML 2018, theorem 1,
    for batches; H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22
    (1951), for schedules.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import LinearRegression, Stochastic
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> model = LinearRegression(solver=Stochastic(batch_size=1)).fit(X, X @ [1.0, 2.0])
    >>> model.coef_.round(9)  # the residuals are zero, and so is the noise
    array([1., 2.])
    >>> model.solution_.theory.limit_step == 2 / 9  # the longest row has the square 9
    True
    """

    name: ClassVar[str] = "stochastic"
    title: ClassVar[str] = "Stochastic gradient descent"
    patience: ClassVar[float] = 10

    rate: Rate = "optimal"
    batch_size: int = 32
    schedule: Schedule = field(default_factory=Constant)
    random_state: Any = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rate(self.rate)
        if not isinstance(self.batch_size, Integral) or self.batch_size < 1:
            raise ValueError(f"batch_size has to be a whole number of at least 1; got {self.batch_size!r}.")

    def _theory(self, problem: LeastSquares) -> DescentTheory:
        largest, smallest = problem.extremes
        A, Y = problem.rows
        batch = min(self.batch_size, len(A))
        squares = np.einsum("ij,ij->i", A, A)
        smoothness = (float(squares.max()) + (batch - 1) * largest) / batch
        step = 1 / smoothness if self.rate == "optimal" else float(self.rate)
        spare = 2 - step * smoothness
        residuals = Y - A @ problem.minimiser
        noise = step / batch * float((squares @ residuals**2 / len(A) * problem.target_units**2).max())
        update = sqrt(max(1 - step * spare * smallest, 0.0))
        return DescentTheory(
            method=self.title,
            largest=largest,
            smallest=smallest,
            step=step,
            momentum=0.0,
            limit_step=2 / smoothness,
            limit_formula="2/L_b",
            best_step=1 / smoothness,
            predicted_rate=update ** ceil(len(A) / batch),
            noise_floor=(noise / 4, noise / (2 * spare) if spare > 0 else inf),
        )

    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> UpdateRule:
        A, Y = problem.rows
        rule = MomentumRule(theory.chosen_step, momentum=0.0, nesterov=False, schedule=self.schedule)
        return _Epoch(A, Y[:, loss.target] / loss.unit, min(self.batch_size, len(A)), rule, self.random_state)


class _Epoch(UpdateRule):
    """An epoch of updates from batches of rows in place of one from the gradient of all."""

    def __init__(self, A: Floats, y: Floats, batch: int, rule: MomentumRule, random_state: Any) -> None:
        super().__init__(rule.learning_rate)
        self._A = A
        self._y = y
        self._shape = (ceil(len(A) / batch), batch)
        self._rule = rule
        self._random = check_random_state(random_state)
        self._epochs = 0

    def allocate(self, parameters: Sequence[Floats], gradients: Sequence[Floats], n_weights: int | None = None) -> None:
        self._rule.allocate(parameters, gradients, n_weights)

    def step(self, parameters: Sequence[Floats], gradients: Sequence[Floats]) -> Sequence[Floats]:  # noqa: ARG002
        (b,) = parameters
        before = b.copy()
        for rows in self._random.randint(len(self._A), size=self._shape):
            A = self._A[rows]
            self._rule.step(parameters, [(A @ b - self._y[rows]) @ A / len(rows)])
        self.learning_rate = self._rule.learning_rate
        self._epochs += 1
        self._rule.after_epoch(self._epochs, self._epochs * self._shape[0] * self._shape[1])
        return [b - before]

    def on_plateau(self) -> PlateauResponse:
        return self._rule.on_plateau()
