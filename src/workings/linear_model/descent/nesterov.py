"""Least squares by Nesterov's accelerated gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from workings.linear_model.descent.iteration import Descent, Rate, check_momentum, check_rate
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.theory import DescentTheory, long_run, nesterov
from workings.optimize import GradientDescent as MomentumRule


@dataclass(frozen=True)
class Nesterov(Descent):
    """Solve by Nesterov's method: ``x ← b - η X'(X b - y)/n``, then ``b ← x + β (x - x₋)``.

    Parameters
    ----------
    rate : float or "optimal", default="optimal"
        The step η. ``"optimal"`` is 1/L, with L and μ the largest and the smallest non-zero eigenvalue of X'X/n for
        the centred X (as it is, without intercept) in the units of the data.
    momentum : float or "optimal", default="optimal"
        β, in [0, 1). ``"optimal"`` is (1 - √(ημ))/(1 + √(ημ)), for η = 1/L that is (√κ - 1)/(√κ + 1) with κ = L/μ.
    max_iter : int, default=10000
        Most iterations.
    tol : float, default=1e-10
        Stop when the gradient's norm has become this many times its first; at least 0.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default. Those of constant features are 0 whatever `start` says.

    Notes
    -----
    Iterates are the points b at which gradients are taken. They converge for steps below 2(1 + β)/((1 + 2β)L), with
    the optimal parameters by a factor of 1 - 1/√κ an iteration in the long run.
    These parameters suit every strongly convex function. On a quadratic loss, η = 4/(3L + μ) with
    β = (√(3κ + 1) - 2)/(√(3κ + 1) + 2) has the factor 1 - 2/√(3κ + 1), an eighth fewer iterations.
    Fails as `GradientDescent` does.
    Cost: as `GradientDescent`.

    Source: Yu. Nesterov, Introductory Lectures on Convex Optimization (2004), scheme 2.2.11; L. Lessard, B. Recht and
    A. Packard, "Analysis and design of optimization algorithms via integral quadratic constraints", SIAM Journal on
    Optimization 26 (2016), proposition 1, for quadratic losses.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import LinearRegression, Nesterov
    >>> X = np.array([[4.0, 0.0], [-4.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> model = LinearRegression(solver=Nesterov()).fit(X, X @ [1.0, 2.0])
    >>> model.coef_.round(9)
    array([1., 2.])
    >>> theory = model.solution_.theory
    >>> round(theory.step, 12), round(theory.momentum, 12), round(theory.predicted_rate, 12)  # L = 8, κ = 16
    (0.125, 0.6, 0.75)
    """

    name: ClassVar[str] = "nesterov"
    title: ClassVar[str] = "Nesterov's method"

    rate: Rate = "optimal"
    momentum: Rate = "optimal"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rate(self.rate)
        check_momentum(self.momentum)

    def _theory(self, problem: LeastSquares) -> DescentTheory:
        largest, smallest = problem.extremes
        best = 1 / largest
        step = best if self.rate == "optimal" else float(self.rate)
        root = sqrt(step * smallest)
        momentum = max((1 - root) / (1 + root), 0.0) if self.momentum == "optimal" else float(self.momentum)
        rate, growth = long_run(nesterov(momentum), step, largest, smallest)
        return DescentTheory(
            method=self.title,
            largest=largest,
            smallest=smallest,
            step=step,
            momentum=momentum,
            limit_step=2 * (1 + momentum) / ((1 + 2 * momentum) * largest),
            limit_formula="2(1 + momentum)/((1 + 2 momentum)L)",
            best_step=best,
            predicted_rate=rate,
            growth=growth,
        )

    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> MomentumRule:  # noqa: ARG002
        return MomentumRule(theory.chosen_step, theory.momentum, nesterov=True)
