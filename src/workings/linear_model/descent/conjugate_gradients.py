"""Least squares by conjugate gradients: descent that finds its step and its momentum by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from workings.linear_model.descent.iteration import Descent
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.theory import DescentTheory
from workings.linear_model.moments import Floats
from workings.optimize import UpdateRule


@dataclass(frozen=True)
class ConjugateGradients(Descent):
    """Solve by the conjugate gradients of Hestenes and Stiefel.

    With the gradient g at b and the direction d, at first -g::

        b ← b + η d,   η = |g|² n / |X d|²
        d ← -g + (|g|² / |g₋|²) d

    Parameters
    ----------
    max_iter : int, default=10000
        Most iterations.
    tol : float, default=1e-10
        Stop when the gradient's norm has become this many times its first; at least 0.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default. Those of constant features are 0 whatever `start` says.

    Notes
    -----
    In exact arithmetic it ends after as many iterations as the Hessian has different non-zero eigenvalues. Until then
    the square root of the loss above its minimum shrinks at least by (√κ - 1)/(√κ + 1) an iteration, but for a factor
    of 2, which is what its theory states.
    The gradient is computed afresh from the residual at b, so that rounding cannot make it look smaller than it is.
    Fails when κ = L/μ, the condition number of X'X/n, nears ``tol / 1e-16``: rounding then leaves a larger gradient.
    Cost: as `GradientDescent`, with ``6 p**2`` an iteration.

    Source: M. R. Hestenes and E. Stiefel, "Methods of conjugate gradients for solving linear systems", Journal of
    Research of the National Bureau of Standards 49 (1952), section 10; Å. Björck, Numerical Methods for Least Squares
    Problems (1996), section 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import ConjugateGradients, LinearRegression
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> model = LinearRegression(solver=ConjugateGradients()).fit(X, X @ [1.0, 2.0])
    >>> model.coef_.round(9)
    array([1., 2.])
    >>> model.solution_.iterations
    (2,)
    """

    name: ClassVar[str] = "conjugate_gradients"
    title: ClassVar[str] = "Conjugate gradients"

    def _theory(self, problem: LeastSquares) -> DescentTheory:
        largest, smallest = problem.extremes
        root = sqrt(largest / smallest)
        return DescentTheory(
            method=self.title,
            largest=largest,
            smallest=smallest,
            step=None,
            momentum=0.0,
            limit_step=None,
            limit_formula="",
            best_step=None,
            predicted_rate=(root - 1) / (root + 1),
            last=float(problem.rank),
        )

    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> UpdateRule:  # noqa: ARG002
        return _ConjugateDirections(loss.root)


class _ConjugateDirections(UpdateRule):
    """Steps to the minimum along directions of which each is conjugate to all before."""

    def __init__(self, root: Floats) -> None:
        super().__init__(0.0)
        self._root = root
        self._direction: Floats | None = None
        self._square = 0.0

    def allocate(self, parameters: Sequence[Floats], gradients: Sequence[Floats], n_weights: int | None = None) -> None:
        """Nothing to make room for."""

    def step(self, parameters: Sequence[Floats], gradients: Sequence[Floats]) -> Sequence[Floats]:
        (b,), (gradient,) = parameters, gradients
        square = float(gradient @ gradient)
        direction = -gradient if self._direction is None else self._direction * (square / self._square) - gradient
        image = self._root @ direction
        curvature = float(image @ image)
        self.learning_rate = square / curvature if curvature else 0.0
        update = self.learning_rate * direction
        b += update
        self._direction, self._square = direction, square
        return [update]
