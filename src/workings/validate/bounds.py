r"""How far two correct least-squares programs may be apart: forward error bounds from the data's conditioning.

Write A for the centred, weighted X with its columns scaled to length 1 (a method whose errors are small column by
column does not see the scaling), b for y treated alike, z for the solution in these units, r = b - A z,
:math:`\kappa = \sigma_1(A) / \sigma_p(A)`, :math:`A^+` for the pseudoinverse, :math:`C = (A'A)^{-1}`, and
:math:`\epsilon = \gamma(n p)` for the rounding errors of one factorisation relative to each column
(`rounding.accumulated`). Perturbing A and b by that much moves the solution by

.. math::  \delta z = A^+ (\delta b - \delta A \, z) + C \, \delta A' r,

so that for an orthogonal factorisation, and for a Gram matrix with one refinement by the residual of A,

.. math::
    |\delta z_j| \le \frac{\epsilon}{1 - \kappa \epsilon}
        \left( \|A^+_j\| (\|b\| + \|z\|_1) + \|C_j\|_1 \|r\| \right)            \qquad (B.1)

while plain normal equations, with errors of ε in each entry of A'A and ε‖b‖ in each of A'b, give

.. math::
    |\delta z_j| \le \frac{\epsilon}{1 - \kappa^2 \epsilon} \|C_j\|_1 (\|b\| + \|z\|_1)  \qquad (B.2)

These are the terms of condition number κ, κ²‖r‖ and κ² of Wedin's theorem, kept apart for each coefficient. In
the units of the data a coefficient is :math:`z_j / d_j`, with :math:`d_j` the length of its column, and the
intercept is :math:`\bar y - \bar x' \beta`. Fitted values are A z: there :math:`A A^+` is a projection, and the
first term of (B.1) loses its condition number.

Coefficients that are certified to be the correct rounding of the exact answer are one rounding away from it,
:math:`|\delta z_j| \le u |z_j|`, whatever the condition number; fitted values then carry the roundings of the product.

References
----------
N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM (2002), chapter 20.
Å. Björck, "Numerical Methods for Least Squares Problems", SIAM (1996), sections 1.4 and 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.arithmetic.rational import ExactFit
from workings.validate.compare import AGREEMENT, Promise

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A least-squares problem and its exact answer.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    y : ndarray of shape (n,) or (n, targets)
    exact : ExactFit
    fit_intercept : bool
    sample_weight : ndarray of shape (n,), optional
    """

    X: Floats
    y: Floats
    exact: ExactFit
    fit_intercept: bool = True
    sample_weight: Floats | None = None


class LeastSquaresBounds:
    """Bounds on one side's error in each quantity, absolute; evaluated in float64 from the exact answer.

    Parameters
    ----------
    problem : Problem
    squared : bool
        Whether the method squares the condition number: (B.2) instead of (B.1).
    rounded : bool
        Whether coefficients and intercept are the correct rounding of the exact answer: one rounding instead of (B.1).
    data_error : float
        Relative error of the entries of X and y before any arithmetic, in units of each column's length before
        centring: reading NIST's decimals into doubles, for instance.

    Attributes
    ----------
    condition : float
        κ.
    epsilon : float
        ε; 0 for correctly rounded coefficients of exact data.

    Notes
    -----
    Cost: one singular value decomposition, about 6 n p² flops. Fails when a column of X is constant.
    """

    def __init__(
        self, problem: Problem, *, squared: bool = False, rounded: bool = False, data_error: float = 0.0
    ) -> None:
        X, y = problem.X, problem.y.reshape(len(problem.y), -1)
        weights = np.ones(len(X)) if problem.sample_weight is None else problem.sample_weight
        zeros = np.zeros(X.shape[1])
        self._means = np.average(X, axis=0, weights=weights) if problem.fit_intercept else zeros
        y_means = np.average(y, axis=0, weights=weights) if problem.fit_intercept else np.zeros(y.shape[1])
        roots = np.sqrt(weights)[:, None]
        centred, b = roots * (X - self._means), roots * (y - y_means)
        self._lengths = np.linalg.norm(centred, axis=0)
        stretch = max(
            float((np.linalg.norm(roots * X, axis=0) / self._lengths).max()),
            float((np.linalg.norm(roots * y, axis=0) / np.linalg.norm(b, axis=0)).max()),
        )
        self.epsilon = (0.0 if rounded else accumulated(X.size)) + data_error * stretch
        self.squared, self.rounded = squared, rounded
        self._coef = np.atleast_2d(problem.exact.coef_)
        self._residual = np.linalg.norm(roots * (y - problem.exact.predict(X).reshape(y.shape)), axis=0)
        self._total = np.linalg.norm(roots * (y - np.average(y, axis=0, weights=weights)), axis=0)
        self._weight, self._rows = float(weights.sum()), len(X)
        _, spectrum, Vt = np.linalg.svd(centred / self._lengths, full_matrices=False)
        self.condition = float(spectrum[0] / spectrum[-1])
        self._steps, self._fitted = self._solution_error(spectrum, Vt, np.linalg.norm(b, axis=0), weights)
        products = np.abs(X) @ np.abs(self._coef.T) + np.abs(problem.exact.intercept_)
        self._coef_rounding = UNIT_ROUNDOFF * float(np.abs(self._coef).max()) if rounded else 0.0
        if rounded:
            self._intercept_rounding = UNIT_ROUNDOFF * float(np.abs(problem.exact.intercept_).max())
            self._rounding = (X.shape[1] + 2) * UNIT_ROUNDOFF * float(products.max())
        else:
            terms = np.abs(y).max() + (np.abs(self._means) @ np.abs(self._coef.T)).max()
            self._intercept_rounding = accumulated(X.size) * float(terms)
            self._rounding = self._intercept_rounding + (X.shape[1] + 1) * UNIT_ROUNDOFF * float(products.max())

    def _solution_error(self, spectrum: Floats, Vt: Floats, b: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Bounds on |δz|, shape (targets, p), and on the largest error of a fitted value, shape (targets,)."""
        growth = self.condition * self.epsilon * (self.condition if self.squared else 1.0)
        if growth >= 1.0:
            return np.full(self._coef.shape, np.inf), np.full(len(self._coef), np.inf)
        factor = self.epsilon / (1.0 - growth)
        inverse_rows = np.abs((Vt.T / spectrum**2) @ Vt).sum(axis=1)
        pseudoinverse_rows = np.linalg.norm(Vt.T / spectrum, axis=1)
        sizes = (b + np.abs(self._coef * self._lengths).sum(axis=1))[:, None]
        residual = self._residual[:, None]
        amplified = np.sqrt(len(spectrum)) / spectrum[-1]
        if self.squared:
            steps = factor * inverse_rows * sizes  # B.2
            fitted = factor * amplified * sizes
        else:
            steps = factor * (pseudoinverse_rows * sizes + inverse_rows * residual)  # B.1
            fitted = factor * (sizes + amplified * residual)
        return steps, fitted[:, 0] / np.sqrt(weights.min())

    def absolute(self, quantity: str) -> float:
        """Bound on the absolute error of one quantity.

        Parameters
        ----------
        quantity : {"coef_", "intercept_", "predict", "score", "singular_"}
            For ``"predict"`` at the rows of X; for ``"singular_"`` in units of the largest singular value.

        Returns
        -------
        float
            Infinite where κε (or κ²ε) reaches 1: there the theorem promises nothing.
        """
        bounds = {
            "coef_": float((self._steps / self._lengths).max()) + self._coef_rounding,
            "intercept_": float((self._steps @ np.abs(self._means / self._lengths)).max()) + self._intercept_rounding,
            "predict": float(self._fitted.max()) + self._rounding,
            "score": self._score(),
            "singular_": self.epsilon * (self.condition**2 if self.squared else 1.0),
        }
        return float(bounds[quantity])

    def _score(self) -> float:
        """R² is flat at the minimum: an error in the coefficients counts by its square, one of rounding singly."""
        squares = self._weight * (self._fitted + self._rounding) ** 2
        crossed = 2 * self._residual * np.sqrt(self._weight) * self._rounding
        summation = accumulated(self._rows) * (1 + 2 * (self._residual / self._total) ** 2)
        return float(((squares + crossed) / self._total**2 + summation).max())

    @property
    def formula(self) -> str:
        """The numbers behind the bound, in words."""
        if self.rounded and not self.epsilon:
            return "one rounding of each coefficient, as the certificate proves, and those of computing with them"
        equation = "B.2, which squares the condition number" if self.squared else "B.1"
        return f"bound {equation}, with condition number {self.condition:.3g} and rounding {self.epsilon:.2g}"


def promise(quantity: str, magnitude: float, sides: Sequence[LeastSquaresBounds]) -> Promise:
    """Return the tolerance for a difference: the bounds of the sides that carry rounding errors, added up.

    Parameters
    ----------
    quantity : str
        As in `LeastSquaresBounds.absolute`.
    magnitude : float
        Largest magnitude of the exact answer, which makes the bound relative.
    sides : sequence of LeastSquaresBounds
        One a side; none for an exact answer.

    Returns
    -------
    Promise
        Never above `AGREEMENT`: where the bound is wider, a larger difference is put to the exact answer.
    """
    total = sum(side.absolute(quantity) for side in sides)
    relative = total / magnitude if magnitude and quantity != "singular_" else total
    sources = " and ".join(dict.fromkeys(side.formula for side in sides))
    both = "Both sides' errors: " if len(sides) > 1 else "One side's error: "
    if relative < AGREEMENT:
        return Promise(relative, f"{both}{sources}.")
    return Promise(
        AGREEMENT, f"{both}{sources}. That allows {relative:.1g}, too much to call agreement; two digits are asked for."
    )
