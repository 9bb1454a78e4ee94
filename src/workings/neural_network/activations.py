"""Activation functions, in place, and the product of their derivatives with a gradient from above."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from workings.neural_network.elementary import fast_logistic, logistic
from workings.neural_network.parameters import Array

# beyond it exp(-z) or exp(z) is 0 in every precision
_FLAT = 1000.0


class Activation(Protocol):
    """A function f that a layer applies to its weighted sums z.

    Attributes
    ----------
    name : str
    needs_input : bool
        Whether the derivative needs z; most follow from f(z).
    """

    name: str
    needs_input: bool

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z).

        Parameters
        ----------
        z : ndarray of shape (n_samples, n_units)
            Real, or complex for a complex step.
        """

    def backward(self, delta: Array, kept: Array) -> None:
        """Turn the derivative by f(z) into the derivative by z.

        Parameters
        ----------
        delta : ndarray of shape (n_samples, n_units)
            Overwritten.
        kept : ndarray of shape (n_samples, n_units)
            f(z), or z if `needs_input`; may be overwritten as well.
        """


class Identity:
    """f(z) = z."""

    name = "identity"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Leave `z` as it is."""  # NN.2

    def backward(self, delta: Array, kept: Array) -> None:
        """Leave `delta` as it is: the derivative is 1."""  # NN.11


class Logistic:
    """f(z) = 1 / (1 + exp(-z))."""

    name = "logistic"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z), with the C library's exponential."""
        logistic(z)

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by ``f (1 - f)``."""
        delta *= kept
        np.subtract(1, kept, out=kept)
        delta *= kept  # NN.12


class FastLogistic(Logistic):
    """f(z) = 1 / (1 + exp(-z)) with NumPy's exponential."""

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        fast_logistic(z)


class Tanh:
    """f(z) = tanh(z)."""

    name = "tanh"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        np.tanh(z, out=z)  # NN.4

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by ``1 - f²``."""
        np.square(kept, out=kept)
        np.subtract(1, kept, out=kept)  # NN.13
        delta *= kept


class Relu:
    """f(z) = max(z, 0), whose derivative at the kink counts as 0."""

    name = "relu"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace what is negative in `z` by 0."""
        np.maximum(z, 0, out=z)  # NN.5

    def backward(self, delta: Array, kept: Array) -> None:
        """Set `delta` to 0 where f is 0."""
        # assigned, not multiplied by 0: an overflowed delta of a silent unit is 0 as well
        if kept.dtype != delta.dtype or kept.dtype.kind == "c":
            np.putmask(delta, kept == 0, 0)
            return
        # the same without a branch an element: as integers, -0 is 0 and minus anything else begins with a one, which
        # the shift copies to every bit
        integer = np.dtype(f"i{kept.itemsize}")
        bits, masked = kept.view(integer), delta.view(integer)
        np.negative(bits, out=bits)
        np.right_shift(bits, 8 * kept.itemsize - 1, out=bits)
        np.bitwise_and(masked, bits, out=masked)  # NN.14


class LeakyRelu:
    """f(z) = z where z > 0, else ``slope`` z.

    Parameters
    ----------
    slope : float, default=0.01
        In (0, 1).

    Raises
    ------
    ValueError
        If the slope is outside.

    Notes
    -----
    A unit whose inputs are all negative still learns, unlike one of relu.

    Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013,
    section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.neural_network import LeakyRelu
    >>> z = np.array([[-2.0, 3.0]])
    >>> LeakyRelu(0.25).apply(z)
    >>> z
    array([[-0.5,  3. ]])
    """

    name = "leaky_relu"
    needs_input = False

    def __init__(self, slope: float = 0.01) -> None:
        if not 0 < slope < 1:
            raise ValueError(f"The slope of a leaky relu has to lie in (0, 1); got {slope!r}.")
        self.slope = slope

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        np.multiply(z, self.slope, out=z, where=z < 0)

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by `slope` where f is not above 0."""
        np.multiply(delta, self.slope, out=delta, where=kept <= 0)


class Elu:
    """f(z) = z where z > 0, else exp(z) - 1."""

    name = "elu"
    # f + 1 has no digits left where f is near to -1
    needs_input = True

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        np.expm1(z, out=z, where=z < 0)

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by ``exp(z)`` where z is below 0."""
        np.minimum(kept, 0, out=kept)
        np.exp(kept, out=kept)
        delta *= kept


class Softplus:
    """f(z) = log(1 + exp(z)), a smooth relu."""

    name = "softplus"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z) without overflow."""
        power = np.exp(np.where(z > 0, -z, z))
        # of complex numbers NumPy's log1p is exact to an ulp of 1 alone; log(1 + w) = 2 artanh(w / (2 + w))
        rest = 2 * np.arctanh(power / (2 + power)) if z.dtype.kind == "c" else np.log1p(power)
        np.putmask(z, z < 0, 0)
        z += rest

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by the logistic function of z, ``1 - exp(-f)``."""
        np.negative(kept, out=kept)
        np.expm1(kept, out=kept)
        delta *= kept
        np.negative(delta, out=delta)


class Silu:
    """f(z) = z / (1 + exp(-z)), also called swish."""

    name = "silu"
    needs_input = True

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        _bound(z, upper=np.inf)
        factor = z.copy()
        fast_logistic(factor)
        z *= factor

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by ``s (1 + z (1 - s))``, where s is the logistic function of z."""
        _bound(kept)
        factor = kept.copy()
        fast_logistic(factor)
        kept *= 1 - factor
        kept += 1
        delta *= kept
        delta *= factor


class Gelu:
    """f(z) = z/2 (1 + tanh u), u = √(2/π) (z + 0.044715 z³), which approximates z Φ(z).

    Notes
    -----
    Computed as z times the logistic function of 2 u, which is the same and keeps its digits where z is negative.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415, 2016, section 2.
    """

    name = "gelu"
    needs_input = True

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        _bound(z, upper=np.inf)
        z *= self._factor(np.minimum(z, _FLAT))

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by ``s (1 + z (1 - s) 2 u')``, where s is the logistic function of 2 u."""
        _bound(kept)
        factor = self._factor(kept)
        slope = 1 + 3 * 0.044715 * np.square(kept)
        slope *= 2 * math.sqrt(2 / math.pi)
        kept *= slope
        kept *= 1 - factor
        kept += 1
        delta *= kept
        delta *= factor

    def _factor(self, z: Array) -> Array:
        factor = 1 + 0.044715 * np.square(z)
        factor *= z
        factor *= 2 * math.sqrt(2 / math.pi)
        fast_logistic(factor)
        return factor


def _bound(z: Array, upper: float = _FLAT) -> None:
    """Bring what lies beyond the flat ends of the logistic function nearer, so that no infinity is multiplied by 0."""
    np.maximum(z, -_FLAT, out=z)
    np.minimum(z, upper, out=z)


class Exponential:
    """f(z) = exp(z): the output of a network with the Poisson loss."""

    name = "exp"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        np.exp(z, out=z)

    def backward(self, delta: Array, kept: Array) -> None:
        """Multiply `delta` by f."""
        delta *= kept


class Softmax:
    """Each row becomes ``exp(z - max) / Σ exp(z - max)``: the probabilities of exclusive classes."""

    name = "softmax"
    needs_input = False

    def apply(self, z: Array) -> None:
        """Replace `z` by f(z)."""
        # over a transposed copy: NumPy is slow at the maxima of many short rows
        z -= np.maximum.reduce(z.T.copy(), axis=0)[:, np.newaxis]
        np.exp(z, out=z)
        z /= np.add.reduce(z, axis=1, keepdims=True)  # NN.6

    def backward(self, delta: Array, kept: Array) -> None:
        """Replace `delta` by ``f (delta - Σ f delta)``, row by row."""
        delta -= np.add.reduce(delta * kept, axis=1, keepdims=True)
        delta *= kept


ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation
    for activation in (
        Identity(),
        Logistic(),
        Tanh(),
        Relu(),
        LeakyRelu(),
        Elu(),
        Softplus(),
        Silu(),
        Gelu(),
        Exponential(),
        Softmax(),
    )
}


def activation_of(activation: str | Activation) -> Activation:
    """Return the activation of a name, or the one that is given.

    Parameters
    ----------
    activation : str or Activation

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them.
    """
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"There is no activation {activation!r}; choose one of {sorted(ACTIVATIONS)}.")
    return ACTIVATIONS[activation]
