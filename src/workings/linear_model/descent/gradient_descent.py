"""Least squares by gradient descent with a constant step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workings.linear_model.descent.iteration import Descent, Rate, check_rate
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.theory import DescentTheory, heavy_ball, long_run
from workings.optimize import GradientDescent as MomentumRule


@dataclass(frozen=True)
class GradientDescent(Descent):
    """Solve by gradient descent: ``b ← b - η X'(X b - y)/n``.

    Parameters
    ----------
    rate : float or "optimal", default="optimal"
        The step η. ``"optimal"`` is 2/(L + μ), with L and μ the largest and the smallest non-zero eigenvalue of X'X/n
        for the centred X (as it is, without intercept) in the units of the data.
    max_iter : int, default=10000
        Most iterations.
    tol : float, default=1e-10
        Stop when the gradient's norm has become this many times its first; at least 0.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default. Those of constant features are 0 whatever `start` says.

    Notes
    -----
    The error is multiplied by I - ηX'X/n each iteration, so it vanishes for every step below 2/L, at best by a factor
    of (κ - 1)/(κ + 1) with κ = L/μ.
    Fails when features have very different scales, since κ is then large: standardise them, or take a direct solver.
    A step beyond the limit ends in a ValueError that names it.
    Cost: a QR factorisation, ``2 n p**2`` flops, whose triangle has the same gradients; then ``4 p**2`` an iteration.

    Source: A.-L. Cauchy, Comptes rendus 25 (1847); B. T. Polyak, Introduction to Optimization (1987), section 1.4.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import GradientDescent, LinearRegression
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> model = LinearRegression(solver=GradientDescent()).fit(X, X @ [1.0, 2.0])
    >>> model.coef_.round(9)
    array([1., 2.])
    >>> model.solution_.iterations, model.solution_.theory.iterations(1e-10)  # 0.8**104 = 8e-11
    ((104,), 104.0)
    """

    name: ClassVar[str] = "gradient_descent"
    title: ClassVar[str] = "Gradient descent"

    rate: Rate = "optimal"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rate(self.rate)

    def _theory(self, problem: LeastSquares) -> DescentTheory:
        largest, smallest = problem.extremes
        best = 2 / (largest + smallest)
        step = best if self.rate == "optimal" else float(self.rate)
        rate, growth = long_run(heavy_ball(0.0), step, largest, smallest)
        return DescentTheory(
            method=self.title,
            largest=largest,
            smallest=smallest,
            step=step,
            momentum=0.0,
            limit_step=2 / largest,  # OLS.14
            limit_formula="2/L",
            best_step=best,
            predicted_rate=rate,
            growth=growth,
        )

    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> MomentumRule:  # noqa: ARG002
        return MomentumRule(theory.chosen_step, momentum=0.0, nesterov=False)
