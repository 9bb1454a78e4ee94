"""The derivatives of a network's loss without its backward pass: by complex step and by central differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.neural_network.layers import Dense
from workings.neural_network.losses import BinaryLogLoss, LogLoss
from workings.neural_network.parameters import Array
from workings.neural_network.problem import Problem

_EPSILON = float(np.finfo(np.float64).eps)
# so small that its square vanishes beside 1: the derivative is exact to rounding
_IMAGINARY = 1e-30
# steps of central differences, tried in this order: the larger ones have the smaller rounding error, the smaller ones
# fit between two kinks
_STEPS = (1e-5, 1e-6, 1e-7)
# a central difference that is not known to a thousandth of the layer's gradient decides nothing
_USEFUL = 1e-3
# of a true label: 1 - p is known to ten digits
_LEAST_PROBABILITY = 1e-6


class Probe:
    """Loss, gradient and derivatives of a network on some rows.

    Parameters
    ----------
    problem : Problem
        In double precision. Its network will be bound to another vector.
    seed : int
        For layers that draw at random: each evaluation draws the same numbers.

    Attributes
    ----------
    noise : float
        Rounding error to be expected of a derivative, relative to the sum of the sizes of its terms:
        ``100 ε (1 + Σ_layers max |a| |W| + |b|)``, since a layer's weighted sums are rounded by their terms' size; a
        difference 1 - p in the binary log-loss by ``ε / (1 - p)``.
    reach : ndarray
        For each dense layer the largest value below it, or 1: how far a step of 1 in a weight may move its sums.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.network, self.seed = problem, problem.network, seed
        network, parameters = problem.network, problem.parameters
        self.parameters = parameters.copy()
        self._complex = parameters.astype(np.complex128)
        self._real = parameters.copy()
        network.bind(self.parameters)
        growth, self.reach = 1.0, np.ones(len(network.layout.shapes))
        coefs, intercepts = network.layout.split(self.parameters)
        dense = 0
        self._values = self.values(self.parameters)
        for layer, below in zip(network.layers, self._values, strict=False):
            if layer.has_parameters:
                size = np.abs(below)
                self.reach[dense] = max(1.0, size.max(initial=0.0))
                growth += float((size @ np.abs(coefs[dense]) + np.abs(intercepts[dense])).max(initial=0.0))
                dense += 1
        if isinstance(network.loss, BinaryLogLoss):
            growth += float(1 / max(_EPSILON, self._probability_of_truth().min()))
        self.noise = 100 * _EPSILON * growth

    def values(self, parameters: Array) -> list[Array]:
        """Return the values of all layers, the input first, by the forward pass alone."""
        coefs, intercepts = self.network.layout.split(parameters)
        pairs = iter(zip(coefs, intercepts, strict=True))
        rng = np.random.RandomState(self.seed)
        values = [self.problem.dense]
        for layer in self.network.layers:
            room = layer.room(len(self.problem.y), parameters.dtype, parameters.dtype)
            values.append(layer.forward(values[-1], next(pairs) if layer.has_parameters else (), room, rng))
        return values

    def loss(self, parameters: Array) -> Any:
        """Return the loss that is minimised, for real or complex parameters: ``mean + alpha/2 Σ W² / Σ w``."""
        loss, data = self.network.loss, self.problem
        mean = loss.value(data.y, self.values(parameters)[-1], data.sample_weight)
        weights = parameters[: self.network.layout.n_weights]
        return data.outputs_in_mean * mean + 0.5 * self.network.alpha * np.dot(weights, weights) / data.total

    def reported_and_gradient(self, rows: Array | None = None) -> tuple[float, Array]:
        """Return what training uses: the reported loss and the gradient, of all rows or some."""
        data = self.problem if rows is None else self.problem.rows(rows)
        rng = np.random.RandomState(self.seed)
        gradient = self.network.room_for_gradient(data.X, data.y, data.sample_weight)
        loss = self.network.loss_and_gradient(data.X, data.y, data.sample_weight, gradient, rng)
        return float(loss), np.concatenate(gradient.blocks)

    def sizes_of_terms(self) -> Array:
        """Return, for each parameter, the mean over the rows of the size of a row's gradient.

        A gradient near a minimum is a small sum of large terms; its rounding error is that of the terms.
        """
        given = self.problem.sample_weight
        weight = np.ones(len(self.problem.y)) if given is None else np.abs(given)
        sizes = np.zeros(self.parameters.size)
        alpha, self.network.alpha = self.network.alpha, 0.0
        for row in np.flatnonzero(weight):
            sizes += weight[row] * np.abs(self.reported_and_gradient(np.array([row]))[1])
        self.network.alpha = alpha
        n_weights = self.network.layout.n_weights
        sizes[:n_weights] += alpha * np.abs(self.parameters[:n_weights])
        return sizes / abs(self.problem.total)

    def complex_step(self, index: Array, direction: Array) -> float:
        """Return the derivative along a direction, ``Im L(θ + i h v) / h``; NaN if the functions are not complex."""
        self._complex[index] += 1j * _IMAGINARY * direction
        try:
            with np.errstate(all="ignore"):
                loss = self.loss(self._complex)
        except TypeError:
            return float("nan")
        finally:
            self._complex[index] = self.parameters[index]
        return float(np.imag(loss)) / _IMAGINARY if np.isfinite(loss) else float("nan")

    def central_difference(
        self, index: Array, direction: Array, expected: float, scale: float, reach: float
    ) -> tuple[float, float]:
        """Return the derivative along a direction, ``(L(θ + h v) - L(θ - h v)) / 2h``, and its error.

        Parameters
        ----------
        index, direction : ndarray
            The parameters to move, and by how much.
        expected : float
            Smaller steps are tried until the difference and this agree.
        scale : float
            Size of the derivative's terms.
        reach : float
            How far a step of 1 moves the sums of the layer.

        Returns
        -------
        derivative, error : float
            The truncation error is estimated by a second difference of half the step. Both NaN if no step knows the
            derivative to a thousandth of `scale`.
        """
        found = (float("nan"), float("nan"))
        for step in _STEPS:
            h = step / (reach * max(1.0, float(np.abs(direction).max())))
            coarse, fine = (self._difference(index, direction, width) for width in (h, h / 2))
            rounding = 0.2 * self.noise * max(abs(self._level), scale) / h
            error = 2 * abs(coarse - fine) + rounding
            if error <= _USEFUL * scale:
                if abs(fine - expected) <= error:
                    return fine, error
                if not error >= found[1]:
                    found = fine, error
        return found

    def _difference(self, index: Array, direction: Array, h: float) -> float:
        losses = []
        for sign in (1, -1):
            self._real[index] += sign * h * direction
            losses.append(float(self.loss(self._real)))
            self._real[index] = self.parameters[index]
        self._level = losses[0]
        return (losses[0] - losses[1]) / (2 * h)

    def smooth_rows(self) -> Array:
        """Return a mask of the rows at which the loss has a derivative.

        Left out are rows with a unit within 1e-6 of a kink of its activation, where one-sided slopes differ; rows whose
        true class has a probability below what the log-loss distinguishes from 0, which makes the loss flat; and those
        of the binary one where it is below 1e-6, since a difference ``1 - p`` has lost its digits there.
        """
        smooth = np.ones(len(self.problem.y), dtype=bool)
        coefs, intercepts = self.network.layout.split(self.parameters)
        pairs = iter(zip(coefs, intercepts, strict=True))
        for layer, below in zip(self.network.layers, self._values, strict=False):
            if not layer.has_parameters:
                continue
            coef, intercept = next(pairs)
            if isinstance(layer, Dense):
                smooth &= ~_at_kink(layer, below @ coef + intercept)
        if isinstance(self.network.loss, LogLoss):
            smooth &= ((self._values[-1] > 2 * _EPSILON) | (self.problem.y == 0)).all(axis=1)
        elif isinstance(self.network.loss, BinaryLogLoss):
            smooth &= (self._probability_of_truth() > _LEAST_PROBABILITY).all(axis=1)
        return smooth

    def _probability_of_truth(self) -> Array:
        p = self._values[-1]
        return np.where(self.problem.y.astype(bool), p, 1 - p)


def _at_kink(layer: Dense, z: Array) -> Array:
    width = 1e-6 * np.maximum(1.0, np.abs(z))
    here, above, below = z.copy(), z + width, z - width
    with np.errstate(all="ignore"):
        for values in (here, above, below):
            layer.activation.apply(values)
        right, left = (above - here) / width, (here - below) / width
        rounding = 100 * _EPSILON * np.maximum(1.0, np.abs(here)) / width
        kink = np.abs(right - left) > 0.01 * np.maximum(np.abs(right), np.abs(left)) + rounding
    rows: Array = np.any(kink, axis=1)
    return rows
