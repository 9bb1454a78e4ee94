"""The derivatives of a loss by one layer's parameters, several ways, and what their differences say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.neural_network.parameters import Array

# rounding that could hide a mistake of a thousandth leaves nothing settled
TOO_COARSE = 1e-3


@dataclass(frozen=True)
class PartCheck:
    """How far the gradient of one layer's weights or biases is from the derivatives of the loss.

    Parameters
    ----------
    layer : int
        From 1, of the layers that have parameters.
    part : {"weights", "biases"}
    size, checked : int
        Parameters of the part, and how many were compared one at a time.
    ok : bool
    worst : str
        The parameter with the largest deviation, such as ``"coefs_[1][3, 0]"``, or ``"a random direction"``.
    gradient, complex_step, central_difference : float
        Its derivative by back-propagation and by the other two ways; NaN where one does not apply.
    deviation, tolerance : float
        Largest deviation from the complex step, relative to the largest mean size of a parameter's terms, and what
        rounding explains of it.
    central_deviation, central_tolerance : float
        The same for central differences: the deviation that is largest beside its tolerance.
    undecided : int
        Comparisons for which no central difference was exact enough.
    """

    layer: int
    part: str
    size: int
    checked: int
    ok: bool
    worst: str
    gradient: float
    complex_step: float
    central_difference: float
    deviation: float
    tolerance: float
    central_deviation: float
    central_tolerance: float
    undecided: int


@dataclass(frozen=True)
class Comparison:
    """The derivatives of one layer's weights or biases, three ways.

    Parameters
    ----------
    layer : int
        From 1.
    part : {"weights", "biases"}
    name : str
        Of the array, such as ``"coefs_[0]"``.
    shape : tuple of int
        Of the array.
    positions : ndarray of int, shape (n_checked,)
        Parameters compared one at a time, as positions in the raveled array.
    values : ndarray of shape (n_checked,)
        The parameters themselves.
    gradient, complex_step, central, central_error : ndarray of shape (n_checked,) or (n_checked + 1,)
        One derivative for each position, and then one along a direction if not all parameters are compared.
    scale : ndarray
        Size of the terms of each derivative.
    noise : float
        What rounding makes of a unit of `scale`.
    """

    layer: int
    part: str
    name: str
    shape: tuple[int, ...]
    positions: Array
    values: Array
    gradient: Array
    complex_step: Array
    central: Array
    central_error: Array
    scale: Array
    noise: float

    @property
    def truth(self) -> Array:
        """The complex step where it applies, else the central difference."""
        truth: Array = np.where(self.off_complex, self.central, self.complex_step)
        return truth

    @property
    def off_complex(self) -> Array:
        """Where the complex step says nothing: a function is not one of complex numbers, or not the same one.

        The latter where central differences agree with the gradient and cannot be reconciled with the complex step.
        """
        limit = self.central_error + self._rounding
        apart = np.abs(self.complex_step - self.central) > limit
        off: Array = np.isnan(self.complex_step) | (apart & (np.abs(self.central - self.gradient) <= limit))
        return off

    @property
    def wrong(self) -> Array:
        """Where the gradient is refuted."""
        by_complex = ~self.off_complex & (np.abs(self.complex_step - self.gradient) > self._rounding)
        by_difference = np.abs(self.central - self.gradient) > self.central_error + self._rounding
        wrong: Array = by_complex | by_difference | ~np.isfinite(self.gradient)
        return wrong

    @property
    def unsettled(self) -> Array:
        """Where neither way decides."""
        return np.isnan(self.truth) | (not self.noise < TOO_COARSE)

    @property
    def _rounding(self) -> Array:
        rounding: Array = self.noise * self.scale
        return rounding

    def record(self) -> PartCheck:
        """Return the figures."""
        scale = np.where(self.scale > 0, self.scale, 1.0)
        deviation = np.where(self.off_complex, np.nan, np.abs(self.complex_step - self.gradient) / scale)
        central = np.abs(self.central - self.gradient) / scale
        limit = self.central_error / scale + self.noise
        worst = self.worst()
        # no number at all is a pass that says nothing: shown as NaN
        closest = int(np.nanargmax(central / limit)) if np.isfinite(central).any() else 0
        return PartCheck(
            self.layer,
            self.part,
            int(np.prod(self.shape)),
            len(self.positions),
            not (self.wrong.any() or self.unsettled.any()),
            self.name_of(worst),
            float(self.gradient[worst]),
            float(self.complex_step[worst]),
            float(self.central[worst]),
            float(np.nanmax(deviation)) if np.isfinite(deviation).any() else float("nan"),
            self.noise,
            float(central[closest]),
            float(limit[closest]),
            int(np.isnan(self.central).sum()),
        )

    def worst(self) -> int:
        """Return the place of the largest deviation: of a parameter, unless it is the direction alone that is wrong."""
        n_single, wrong = len(self.positions), self.wrong
        if wrong.any() and not wrong[:n_single].any():
            return n_single
        deviation = np.abs(self.gradient - self.truth)[:n_single]
        deviation[~np.isfinite(self.gradient[:n_single])] = np.inf
        if wrong.any():
            deviation[~wrong[:n_single]] = -1
        return int(np.argmax(np.nan_to_num(deviation, nan=0, posinf=np.inf)))

    def name_of(self, place: int) -> str:
        """Return the name of a compared parameter."""
        if place == len(self.positions):
            return "a random direction"
        index = np.unravel_index(int(self.positions[place]), self.shape)
        return f"{self.name}[{', '.join(str(int(i)) for i in index)}]"
