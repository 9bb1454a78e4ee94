"""The loss that descent walks down, in the coordinates that the user sees.

With centred columns (uncentred without intercept) in the units of the data, and a weighted mean where there are
weights::

    f(b) = |y - X b|² / (2 n),   gradient X'(X b - y) / n,   Hessian X'X / n
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import numerical_rank, reduce_rows

LONGEST = 1e100  # column lengths whose fourth powers, a curvature squared, are still doubles


class LeastSquares:
    """The loss of a design, reduced to a triangle that has its Hessian.

    Parameters
    ----------
    design : Design
        The data; at least one column varies.

    Attributes
    ----------
    root : ndarray of shape (r, r)
        M with ``M'M`` the Hessian: the loss is ``|M b - c|² / 2`` and a constant.
    right : ndarray of shape (r, k)
        c, a column a target, in the scale of the design.
    rank : int
        Number of independent columns.
    eigenvalues : ndarray of shape (rank,)
        Of the Hessian, largest first, without those that only rounding keeps from zero.
    condition : float
        Of the columns scaled to one length, as in `Solution`.
    target_units : ndarray of shape (k,)
        Powers of two that the design divided the targets by; one in all but extreme data.

    Raises
    ------
    ValueError
        For columns whose curvature is no double.

    Notes
    -----
    The QR factorisation that yields M costs as much as p/2 passes over the data; every iterate is then the same up
    to rounding, takes ``4 r**2`` instead of ``4 n p`` flops, and the eigenvalues come from M's singular values, which
    keep twice the digits that those of the Hessian would. Where features outnumber rows, ``r = n`` coordinates are
    enough: gradients lie in the space of the rows, and what a start has outside of it never changes.
    """

    def __init__(self, design: Design) -> None:
        self._design = design
        ones = np.ones((len(design.active), design.n_targets))
        self.target_units: Floats = design.unscaled_targets(ones[0])
        with np.errstate(over="ignore", divide="ignore"):
            self._units = (self.target_units / design.unscaled(ones)[design.active])[:, 0]
        if self._units.max() > LONGEST or self._units.min() < 1 / LONGEST:
            raise ValueError(
                f"Descent needs columns with lengths between {1 / LONGEST:g} and {LONGEST:g}, or their curvature is "
                "not a number that a double can hold. Bring the columns of X to comparable units."
            )
        reduction = reduce_rows(design, self._units)
        scaled = reduce_rows(design).R if design.wide else reduction.R / self._units
        spectrum = np.linalg.svd(scaled, compute_uv=False)
        self.rank = numerical_rank(spectrum, design.n_rows)
        self.condition = float(spectrum[0] / spectrum[self.rank - 1])
        weight = np.sqrt(design.weight)
        self.root: Floats = reduction.R / weight
        self.right: Floats = reduction.C / weight
        self._basis = reduction.T
        self._U, self._singular, self._Vt = np.linalg.svd(self.root)
        self.eigenvalues: Floats = self._singular[: self.rank] ** 2

    @property
    def extremes(self) -> tuple[float, float]:
        """The largest and the smallest non-zero eigenvalue of the Hessian, L and μ."""
        return float(self.eigenvalues[0]), float(self.eigenvalues[-1])

    @cached_property
    def minimiser(self) -> Floats:
        """Coordinates of the minimum of least norm, shape (r, k)."""
        r = self.rank
        minimiser: Floats = self._Vt[:r].T @ ((self._U[:, :r].T @ self.right) / self._singular[:r, np.newaxis])
        return minimiser

    @cached_property
    def unexplained(self) -> Floats:
        """What the loss is more than ``|M b - c|² / 2``, shape (k,): one pass over the data."""
        _, squares = self._design.gradient(self.coefficients(self.minimiser) * self._units[:, np.newaxis])
        inside = ((self.right - self.root @ self.minimiser) ** 2).sum(axis=0)
        unexplained: Floats = np.maximum(squares / self._design.weight - inside, 0.0) / 2
        return unexplained

    @property
    def rows(self) -> tuple[Floats, Floats]:
        """Rows (n, r) and targets (n, k) whose plain mean of squares is the weighted one; a copy of the data."""
        blocks = list(self._design.blocks())
        share = np.sqrt(self._design.n_rows / self._design.weight)
        A = np.vstack([A for A, _ in blocks]) * (self._units * share)
        return A if self._basis is None else A @ self._basis, np.vstack([B for _, B in blocks]) * share

    def start(self, start: npt.ArrayLike | None) -> Floats:
        """Return the coefficients (q, k) of the varying columns to begin with.

        Parameters
        ----------
        start : array-like of shape (p,) or (k, p), optional
            In the shape of ``coef_``; zeros by default.
        """
        design = self._design
        if start is None:
            return np.zeros((len(design.active), design.n_targets))
        given = np.array(start, dtype=np.float64, ndmin=2)
        if given.shape != (design.n_targets, design.n_features):
            raise ValueError(
                f"start has the shape {np.shape(start)}; for these data it has to be {(design.n_features,)}, or "
                f"{(design.n_targets, design.n_features)} as coef_ is for several targets."
            )
        started: Floats = given.T[design.active] / self.target_units
        return started

    def coordinates(self, coef: Floats) -> Floats:
        """Return the coordinates (r, k) of coefficients (q, k)."""
        return coef if self._basis is None else self._basis.T @ coef

    def coefficients(self, coordinates: Floats) -> Floats:
        """Return coefficients (q, k) from coordinates (r, k)."""
        return coordinates if self._basis is None else self._basis @ coordinates

    def in_data_units(self, coef: Floats) -> Floats:
        """Return coefficients (p, k) of all columns in the units of the data, from (q, k)."""
        return self._design.unscaled(coef * self._units[:, np.newaxis])

    def factor(self) -> Floats:
        """Return what `Solution` needs for singular values: those of the weighted X over its largest length."""
        root_weight = np.sqrt(self._design.weight)
        r = self.rank
        kept: Any = self._singular[:r, np.newaxis] * self._Vt[:r]
        factor: Floats = kept * (root_weight / self._units.max())
        return factor


class Quadratic:
    """The loss of one target, divided by a power of two so that squares neither overflow nor vanish.

    Parameters
    ----------
    problem : LeastSquares
        All targets.
    target : int
        Which one.
    start : ndarray of shape (r,)
        Coordinates to begin with.

    Attributes
    ----------
    root : ndarray of shape (r, r)
        That of the problem.
    start : ndarray of shape (r,)
        Divided by `unit`.
    unit : float
        What coordinates and gradients have to be multiplied by, and the loss by its square.
    """

    def __init__(self, problem: LeastSquares, target: int, start: Floats) -> None:
        self.target = target
        self.root = problem.root
        right = problem.right[:, target]
        largest = max(np.abs(right).max(), np.abs(self.root @ start).max())
        self.unit = float(np.ldexp(1.0, np.frexp(largest)[1]))
        self._right = right / self.unit
        self.start: Floats = start / self.unit

    def __call__(self, b: Floats) -> tuple[float, Floats]:
        """Return the loss less its unexplained part, and the gradient; ``4 r**2`` flops."""
        residual = self.root @ b - self._right
        return 0.5 * float(residual @ residual), residual @ self.root
