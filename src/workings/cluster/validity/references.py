"""Data without groups that resemble X: what a clustering of X is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workings.cluster.distances import Floats

Reference = Literal["uniform", "principal axes", "box", "gaussian"]


@dataclass(frozen=True, eq=False)
class UniformBox:
    """Uniform over a box, along the features or along other axes.

    Parameters
    ----------
    low, high : ndarray of shape (r,)
        Ends of the box along each axis.
    axes : ndarray of shape (r, d), optional
        Orthonormal; None is the features.
    """

    low: Floats
    high: Floats
    axes: Floats | None

    def draw(self, n: int, rng: np.random.RandomState) -> Floats:
        """Return n rows."""
        drawn = rng.uniform(self.low, self.high, size=(n, len(self.low)))
        rows: Floats = drawn if self.axes is None else drawn @ self.axes
        return rows


@dataclass(frozen=True, eq=False)
class Gaussian:
    """One normal distribution with the covariance of X.

    Parameters
    ----------
    factor : ndarray of shape (r, d)
        ``factor.T @ factor`` is the covariance.
    """

    factor: Floats

    def draw(self, n: int, rng: np.random.RandomState) -> Floats:
        """Return n rows."""
        rows: Floats = rng.standard_normal((n, len(self.factor))) @ self.factor
        return rows


def reference_like(X: Floats, kind: Reference) -> UniformBox | Gaussian:
    """Fit a distribution without groups to X.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Centred.
    kind : {"uniform", "principal axes", "box", "gaussian"}
        Uniform over the box of the ranges of the features, or over that along the principal axes; uniform over a box
        along these with the covariance of X; or a normal distribution with it.

    Returns
    -------
    UniformBox or Gaussian

    Notes
    -----
    The axes are the right singular vectors of X: about ``14 n min(n, d) d`` flops. Where n is at most d, the rows
    drawn lie in the subspace of the rows of X.
    """
    if kind == "uniform":
        return UniformBox(X.min(axis=0), X.max(axis=0), None)
    _, lengths, axes = np.linalg.svd(X, full_matrices=False)
    if kind == "principal axes":
        scores = X @ axes.T
        return UniformBox(scores.min(axis=0), scores.max(axis=0), axes)
    deviations: Floats = lengths / np.sqrt(len(X) - 1)
    if kind == "box":
        half_sides: Floats = np.sqrt(3) * deviations
        return UniformBox(-half_sides, half_sides, axes)
    return Gaussian(deviations[:, np.newaxis] * axes)


def require_reference(kind: str, allowed: tuple[Reference, ...]) -> None:
    """Raise ValueError for a reference that is not among those allowed."""
    if kind not in allowed:
        raise ValueError(f"reference is one of {', '.join(map(repr, allowed))}; got {kind!r}.")
