"""Integrated gradients: the change of a network's output along a straight path, split by feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.explain.crossings import cut_path
from workings.explain.perceptron import Floats, Perceptron

NODES = 16
MOST_PANELS = 1024
TOLERANCE = 1e-13
"""Error of a quadrature, relative to what is added up, at which halving the panels stops."""

BLOCK_ENTRIES = 1 << 21


@dataclass(frozen=True)
class IntegratedGradients:
    """The change of a network's output from a baseline to a row, split by feature.

    Parameters
    ----------
    contributions : ndarray of shape (p,)
        ``(x_j - m_j)`` times the mean slope by feature j on the way.
    start, end : float
        The output at the baseline and at the row; the contributions sum to their difference.
    exact : bool
        Whether the integral was taken piece by piece; otherwise it is a quadrature.
    error : float
        Estimated error of a quadrature's attributions; 0 if `exact`, where only rounding is left.
    pieces : int
        Linear pieces of the path, or panels of the quadrature.
    """

    contributions: Floats
    start: float
    end: float
    exact: bool
    error: float
    pieces: int

    @property
    def residual(self) -> float:
        """How far the contributions are from summing to the difference."""
        return float(abs(self.contributions.sum() - (self.end - self.start)))


def integrated_gradients(
    perceptron: Perceptron, row: Floats, baseline: Floats, direction: Floats
) -> IntegratedGradients:
    """Return the integrated gradients of an output of a network.

    Parameters
    ----------
    perceptron : Perceptron
    row, baseline : ndarray of shape (p,)
        End and beginning of the path.
    direction : ndarray of shape (q,)
        The output to explain, ``outputs @ direction``, before the output's activation.

    Returns
    -------
    IntegratedGradients

    Notes
    -----
    With ReLU units the output is linear between the places where the path crosses from one region into the next; they
    are found exactly (`cut_path`), and the integral is the sum of slope times length over the pieces. With tanh or
    logistic units it is a quadrature: Gauss and Legendre's rule of 16 nodes on 1, 2, 4, ... panels until the
    attributions no longer change and sum to the difference; the larger of the two failings is its error estimate.
    Fails when the baseline has no meaning of its own: another baseline gives other attributions. For units so steep
    that 1024 panels do not resolve them the error estimate is large.
    Cost: a slope for each piece, ``4 P`` flops for P weights; 16 for each panel.
    Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017.

    Examples
    --------
    ``max(x, 0)`` from -1 to 3 has the slope 1 on three quarters of the way:

    >>> import numpy as np
    >>> relu = Perceptron((np.eye(1), np.eye(1)), (np.zeros(1), np.zeros(1)), "relu")
    >>> found = integrated_gradients(relu, np.array([3.0]), np.array([-1.0]), np.ones(1))
    >>> found.contributions, found.pieces, found.exact
    (array([3.]), 2, True)
    """
    start, end = (float((perceptron.outputs(point[np.newaxis]) @ direction)[0]) for point in (baseline, row))
    if perceptron.piecewise_linear:
        contributions, pieces = _by_pieces(perceptron, row, baseline, direction)
        return IntegratedGradients(contributions, start, end, True, 0.0, pieces)
    contributions, error, panels = _by_quadrature(perceptron, row, baseline, direction, start, end)
    return IntegratedGradients(contributions, start, end, False, error, panels)


def _by_pieces(perceptron: Perceptron, row: Floats, baseline: Floats, direction: Floats) -> tuple[Floats, int]:
    path = cut_path(perceptron, baseline, row)
    lengths = np.diff(path.places)
    real = lengths > 0
    middles = (path.places[:-1] + path.places[1:])[real] / 2
    slope = _mean_slope(perceptron, path.at(middles), lengths[real], direction)
    return (row - baseline) * slope, int(real.sum())


def _by_quadrature(
    perceptron: Perceptron, row: Floats, baseline: Floats, direction: Floats, start: float, end: float
) -> tuple[Floats, float, int]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    last = np.full(len(row), np.inf)
    panels = 1
    while True:
        shares = ((np.arange(panels)[:, np.newaxis] + (nodes + 1) / 2) / panels).ravel()
        points = baseline + shares[:, np.newaxis] * (row - baseline)
        slope = _mean_slope(perceptron, points, np.tile(weights / (2 * panels), panels), direction)
        contributions: Floats = (row - baseline) * slope
        # nodes that all miss a steep place agree with each other, but not with the difference
        unexplained = abs(contributions.sum() - (end - start))
        error = max(float(np.abs(contributions - last).max()), float(unexplained))
        size = np.abs(contributions).sum() + abs(start) + abs(end)
        if error <= TOLERANCE * size or panels == MOST_PANELS:
            return contributions, error, panels
        last, panels = contributions, 2 * panels


def _mean_slope(perceptron: Perceptron, points: Floats, weights: Floats, direction: Floats) -> Floats:
    """Return the weighted sum of the slopes at points, a block of them at a time."""
    slope = np.zeros(points.shape[1])
    step = max(BLOCK_ENTRIES // sum(map(len, (*perceptron.coefs, direction))), 1)
    for first in range(0, len(points), step):
        block = slice(first, first + step)
        slope += weights[block] @ perceptron.slopes(points[block], direction)
    return slope
