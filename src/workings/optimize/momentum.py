"""Gradient descent with momentum, in Polyak's form and in Nesterov's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from workings.optimize.schedules import Schedule, check_parameter
from workings.optimize.update_rules import Array, UpdateRule, constant, moments


class GradientDescent(UpdateRule):
    r"""Gradient descent with momentum.

    With the velocity v, the gradient g, the rate η and the momentum μ::

        v ← μ v - η g
        θ ← θ + v                   Polyak
        θ ← θ + μ v - η g           Nesterov, with the new v

    Parameters
    ----------
    learning_rate_init : float
        η, above 0.
    momentum : float, default=0.9
        μ, in [0, 1]; 0 is plain gradient descent.
    nesterov : bool, default=True
        Look ahead along the velocity.
    schedule : Schedule, optional
        How η changes; constant by default.

    Attributes
    ----------
    learning_rate : float
        η of the next step.
    velocities : list of ndarray
        v, block by block.

    Notes
    -----
    Fails when η exceeds 2 (1 + μ) / L for a loss of curvature L, with Nesterov's momentum 2 (1 + μ) / ((1 + 2 μ) L):
    on a quadratic the parameters then grow without bound.
    Cost: 5 n flops a step (8 n with Nesterov) for n parameters, and 2 n numbers of memory (3 n), beside parameters and
    gradient.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, eq. 9; Sutskever,
    Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013,
    eqs. 1-4, Nesterov's written at the looked-ahead point.

    Examples
    --------
    >>> import numpy as np
    >>> theta, gradient = [np.array([1.0])], [np.array([2.0])]
    >>> rule = GradientDescent(0.1, momentum=0.5, nesterov=False)
    >>> rule.allocate(theta, gradient)
    >>> _ = rule.step(theta, gradient)
    >>> _ = rule.step(theta, gradient)  # 1 - 0.2 - (0.1 + 0.2)
    >>> print(theta[0].round(12))
    [0.5]
    """

    _remembered: ClassVar[tuple[str, ...]] = ("velocities",)

    def __init__(
        self,
        learning_rate_init: float,
        momentum: float = 0.9,
        nesterov: bool = True,
        schedule: Schedule | None = None,
    ) -> None:
        check_parameter("learning_rate_init", learning_rate_init)
        check_parameter("momentum", momentum, 0, 1, "[]")
        super().__init__(learning_rate_init, schedule)
        self.momentum = momentum
        self.nesterov = nesterov
        self.velocities: list[Array] = []

    def allocate(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        n_weights: int | None = None,  # noqa: ARG002  (nothing decays)
    ) -> None:
        """Make room for the velocities, or keep those that are there.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        n_weights : int, optional
            Has no effect on this rule.

        Raises
        ------
        ValueError
            If the rule has velocities of another number of parameters.
        """
        kinds = [np.result_type(p.dtype, g.dtype, self.momentum) for p, g in zip(parameters, gradients, strict=True)]
        self.velocities = moments(self.velocities, parameters, kinds)
        self._blocks = []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> Sequence[Array]:
        """Add one update to `parameters`, in place.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks as given to `allocate`.

        Returns
        -------
        sequence of ndarray
            What was added; overwritten by the next step.
        """
        if not self._blocks:
            self._make_blocks(gradients)
        for block, parameter, gradient in zip(self._blocks, parameters, gradients, strict=True):
            block.step(parameter, gradient, self.learning_rate)
        return [block.update for block in self._blocks]

    def _make_blocks(self, gradients: Sequence[Array]) -> None:
        self._blocks = [
            _Block(
                velocity,
                scaled=np.empty_like(velocity),
                update=np.empty_like(velocity) if self.nesterov else velocity,
                rate=constant(0.0, gradient.dtype),
                momentum=constant(self.momentum, velocity.dtype),
            )
            for velocity, gradient in zip(self.velocities, gradients, strict=True)
        ]


class _Block(NamedTuple):
    """The velocity of one block, where its update is computed, and the factors in the types they are used in."""

    velocity: Array
    scaled: Array
    update: Array
    rate: Array
    momentum: Array

    def step(self, parameter: Array, gradient: Array, learning_rate: float) -> None:
        velocity, scaled, update, rate, momentum = self
        rate.fill(learning_rate)
        np.multiply(gradient, rate, scaled)
        np.multiply(velocity, momentum, velocity)
        np.subtract(velocity, scaled, velocity)  # NN.23; without momentum NN.22
        if update is not velocity:
            np.multiply(velocity, momentum, update)
            np.subtract(update, scaled, update)  # NN.24
        np.add(parameter, update, parameter)  # NN.29
