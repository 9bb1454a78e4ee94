"""Gradient descent with momentum, in Polyak's form and in Nesterov's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workings.optimize.schedules import Constant, PlateauResponse, Schedule
from workings.optimize.update_rules import Array, UpdateRule, moments


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
    Fails when η exceeds about 2 (1 + μ) / L for a loss of curvature L: the parameters grow without bound.
    Cost: 5 n flops a step (8 n with Nesterov) and 3 n numbers of memory for n parameters.

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

    def __init__(
        self,
        learning_rate_init: float,
        momentum: float = 0.9,
        nesterov: bool = True,
        schedule: Schedule | None = None,
    ) -> None:
        super().__init__(learning_rate_init)
        self.momentum = momentum
        self.nesterov = nesterov
        self.schedule = schedule if schedule is not None else Constant()
        self.velocities: list[Array] = []
        self._scaled: list[Array] = []
        self._updates: list[Array] = []

    def allocate(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Make room for the velocities, or keep those that are there.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        """
        kinds = [np.result_type(p.dtype, g.dtype, self.momentum) for p, g in zip(parameters, gradients, strict=True)]
        self.velocities = moments(self.velocities, parameters, kinds)
        self._scaled = [np.empty_like(velocity) for velocity in self.velocities]
        self._updates = [np.empty_like(velocity) for velocity in self.velocities]

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
        updates = self._updates if self.nesterov else self.velocities
        for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            velocity, scaled, update = self.velocities[i], self._scaled[i], updates[i]
            np.multiply(gradient, self.learning_rate, out=scaled)
            velocity *= self.momentum
            velocity -= scaled  # NN.23; without momentum NN.22
            if self.nesterov:
                np.multiply(velocity, self.momentum, out=update)
                update -= scaled  # NN.24
            parameter += update  # NN.29
        return updates

    def after_epoch(self, samples_seen: int) -> None:
        """Let the schedule set the rate.

        Parameters
        ----------
        samples_seen : int
            Since the parameters were drawn.
        """
        self.learning_rate = self.schedule.after_epoch(self.learning_rate, float(self.learning_rate_init), samples_seen)

    def on_plateau(self) -> PlateauResponse:
        """Let the schedule respond, and take over its rate.

        Returns
        -------
        PlateauResponse
        """
        response = self.schedule.on_plateau(self.learning_rate)
        self.learning_rate = response.learning_rate
        return response
