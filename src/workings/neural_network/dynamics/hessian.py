"""Products of the Hessian of the minimised loss with vectors, exact to rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from workings.neural_network.parameters import Array
from workings.neural_network.problem import Problem

_STEP = 1e-30
"""Length of the imaginary step: its square is lost beside 1, and its products with derivatives do not underflow."""


def hessian_of(problem: Problem) -> Callable[[Array], Array]:
    """Return the Hessian as a function that multiplies a vector by it.

    Parameters
    ----------
    problem : Problem
        Its activations have to accept complex numbers, as all of this package do.

    Returns
    -------
    callable
        From a vector v of shape (n_parameters,) and of a length about 1 to ``H v``.

    Raises
    ------
    ValueError
        From a product: if it is not finite.

    Notes
    -----
    The derivative of the gradient g along v is the imaginary part of the gradient at a complex point::

        H v = Im g(θ + i h v) / h,   h = 1e-30

    Forward and backward pass then carry each number's derivative along v as its imaginary part, which is Pearlmutter's
    R-operator, and complex arithmetic applies his rules by itself. No difference is taken, so that no digit cancels;
    the error of the truncated series is of the order h². At the kink of a relu the derivative counts as on the side
    to which v points, in a Huber loss likewise.
    The gradient is that of the training: of the loss without the clipping of probabilities, with the penalty, and for
    squared errors of the sum over the outputs.
    Fails when a BLAS makes a complex product of three real ones: rounding of the real part then drowns the imaginary
    one.
    Cost: four gradients, for complex products. Memory: the activations of all rows, as complex numbers.

    Source: Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6 (1994), section 2; Squire and
    Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 40 (1998), 110-112.
    """
    network, X, y, sample_weight = problem.network, problem.X, problem.y, problem.sample_weight
    point = problem.parameters.astype(np.complex128)
    network.bind(point)
    room = network.room_for_gradient(X, y, sample_weight)

    def product(vector: Array) -> Array:
        np.multiply(vector, _STEP, out=point.imag)
        with np.errstate(all="ignore"):  # what overflows is reported below
            network.loss_and_gradient(X, y, sample_weight, room)
        image: Array = np.concatenate([block.imag for block in room.blocks]) / _STEP
        with np.errstate(over="ignore", invalid="ignore"):
            square = image @ image
        if not math.isfinite(square):  # lengths are taken of it
            raise ValueError(
                "The second derivatives of the loss are not finite: some layer's values overflow. Standardise the "
                "columns of X, or train the model with a smaller rate."
            )
        return image

    return product
