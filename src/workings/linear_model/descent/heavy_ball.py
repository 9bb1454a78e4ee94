"""Least squares by gradient descent with Polyak's momentum."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from workings.linear_model.descent.iteration import Descent, Rate, check_momentum, check_rate
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.theory import DescentTheory, heavy_ball, long_run
from workings.optimize import GradientDescent as MomentumRule


@dataclass(frozen=True)
class HeavyBall(Descent):
    """Solve by Polyak's heavy ball: ``b ← b - η X'(X b - y)/n + β (b - b₋)``.

    Parameters
    ----------
    rate : float or "optimal", default="optimal"
        The step η. ``"optimal"`` is 2(1 + β)/(L + μ), with L and μ the largest and the smallest non-zero eigenvalue
        of X'X/n for the centred X (as it is, without intercept) in the units of the data.
    momentum : float or "optimal", default="optimal"
        β, in [0, 1). ``"optimal"`` is the smallest that makes the roots of both ends of the spectrum complex:
        ``max((1 - √(ημ))², (1 - √(ηL))²)``. Where `rate` is optimal too, ((√κ - 1)/(√κ + 1))² with κ = L/μ, and so
        η = 4/(√L + √μ)².
    max_iter : int, default=10000
        Most iterations.
    tol : float, default=1e-10
        Stop when the gradient's norm has become this many times its first; at least 0.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default. Those of constant features are 0 whatever `start` says.

    Notes
    -----
    Converges for steps below 2(1 + β)/L, at best with a factor of (√κ - 1)/(√κ + 1) an iteration in the long run. At
    the optimum the two roots of both ends meet, so that the error is (1 + g k) times the power of that factor: its
    ratio comes near the factor only as k/(k + 1) does to 1.
    Fails as `GradientDescent` does; the gradient can also grow at first, before the long run.
    Cost: as `GradientDescent`.

    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
    Mathematics and Mathematical Physics 4 (1964).

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import HeavyBall, LinearRegression
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> model = LinearRegression(solver=HeavyBall()).fit(X, X @ [1.0, 2.0])
    >>> model.coef_.round(9)
    array([1., 2.])
    >>> theory = model.solution_.theory
    >>> round(theory.step, 12), round(theory.momentum, 12), round(theory.predicted_rate, 12)  # L = 4.5, μ = 0.5, √κ = 3
    (0.5, 0.25, 0.5)
    """

    name: ClassVar[str] = "heavy_ball"
    title: ClassVar[str] = "Heavy ball"

    rate: Rate = "optimal"
    momentum: Rate = "optimal"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rate(self.rate)
        check_momentum(self.momentum)

    def _theory(self, problem: LeastSquares) -> DescentTheory:
        largest, smallest = problem.extremes
        momentum = self._chosen_momentum(largest, smallest)
        best = 2 * (1 + momentum) / (largest + smallest)
        step = best if self.rate == "optimal" else float(self.rate)
        rate, growth = long_run(heavy_ball(momentum), step, largest, smallest)
        return DescentTheory(
            method=self.title,
            largest=largest,
            smallest=smallest,
            step=step,
            momentum=momentum,
            limit_step=2 * (1 + momentum) / largest,
            limit_formula="2(1 + momentum)/L",
            best_step=best,
            predicted_rate=rate,
            growth=growth,
        )

    def _chosen_momentum(self, largest: float, smallest: float) -> float:
        if self.momentum != "optimal":
            return float(self.momentum)
        if self.rate == "optimal":
            root = sqrt(largest / smallest)
            return ((root - 1) / (root + 1)) ** 2
        ends = ((1 - sqrt(self.rate * curvature)) ** 2 for curvature in (largest, smallest))
        # No momentum below 1 makes steps from 4/L on converge.
        return min(max(ends), 1 - 2.0**-53)

    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> MomentumRule:  # noqa: ARG002
        return MomentumRule(theory.chosen_step, theory.momentum, nesterov=False)
