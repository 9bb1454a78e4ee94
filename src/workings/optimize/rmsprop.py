"""RMSProp: gradient descent scaled by the root of a running mean of squared gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from workings.optimize.schedules import Schedule, check_parameter
from workings.optimize.update_rules import Array, UpdateRule, constant, moments


class RMSProp(UpdateRule):
    r"""RMSProp.

    With the gradient g and the rate η::

        v ← ρ v + (1 - ρ) g²
        θ ← θ - η g / (√v + ε)

    Parameters
    ----------
    learning_rate_init : float, default=0.001
        η, above 0, before the schedule changes it.
    decay : float, default=0.9
        ρ, in [0, 1); 0 steps by the sign of the gradient.
    epsilon : float, default=1e-8
        ε, above 0.
    schedule : Schedule, optional
        How η changes; constant by default.

    Attributes
    ----------
    learning_rate, scheduled_rate : float
        η of the next step.
    second_moments : list of ndarray
        v, block by block.

    Notes
    -----
    v begins at zero without correction: the first step is 1 / √(1 - ρ) times the rate, and the steps shorten to about
    the rate over some 1 / (1 - ρ) of them.
    Fails to settle at a minimum with a constant rate: the steps keep about the length η √n however small the gradient
    becomes, so a schedule should lower it.
    Cost: 9 passes over the n parameters a step, among them one of square roots and one of divisions, in the widest of
    the types of parameters and gradients; 2 n numbers of memory, beside parameters and gradient.

    Source: Tieleman and Hinton, "Lecture 6.5, rmsprop: divide the gradient by a running average of its recent
    magnitude", Coursera: Neural Networks for Machine Learning, 2012; ε is a later custom.

    Examples
    --------
    The first step is 1 / √(1 - 0.75) = 2 times the rate, whatever the gradient:

    >>> import numpy as np
    >>> theta, gradient = [np.array([1.0, 1.0])], [np.array([100.0, -0.01])]
    >>> rule = RMSProp(0.1, decay=0.75)
    >>> rule.allocate(theta, gradient)
    >>> _ = rule.step(theta, gradient)
    >>> print(theta[0].round(4))
    [0.8 1.2]
    """

    _remembered: ClassVar[tuple[str, ...]] = ("second_moments",)

    def __init__(
        self,
        learning_rate_init: float = 0.001,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        schedule: Schedule | None = None,
    ) -> None:
        check_parameter("learning_rate_init", learning_rate_init)
        check_parameter("decay", decay, 0, 1, "[")
        check_parameter("epsilon", epsilon)
        super().__init__(learning_rate_init, schedule)
        self.decay = decay
        self.epsilon = epsilon
        self.second_moments: list[Array] = []

    def allocate(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        n_weights: int | None = None,  # noqa: ARG002  (nothing decays)
    ) -> None:
        """Make room for the moments, or keep those that are there.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        n_weights : int, optional
            Has no effect on this rule.

        Raises
        ------
        ValueError
            If the rule has moments of another number of parameters.
        """
        kinds = [np.result_type(p.dtype, g.dtype) for p, g in zip(parameters, gradients, strict=True)]
        self.second_moments = moments(self.second_moments, parameters, kinds)
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
            self._make_blocks()
        for block, parameter, gradient in zip(self._blocks, parameters, gradients, strict=True):
            block.step(parameter, gradient, self.learning_rate)
        return [block.update for block in self._blocks]

    def _make_blocks(self) -> None:
        self._blocks = [
            _Block(
                v,
                update=np.empty_like(v),
                decay=constant(self.decay, v.dtype),
                new=constant(1 - self.decay, v.dtype),
                epsilon=constant(self.epsilon, v.dtype),
                minus_rate=constant(0.0, v.dtype),
            )
            for v in self.second_moments
        ]


class _Block(NamedTuple):
    """The moment of one block, where its update is computed, and the factors in the type they are used in."""

    v: Array
    update: Array
    decay: Array
    new: Array
    epsilon: Array
    minus_rate: Array

    def step(self, parameter: Array, gradient: Array, learning_rate: float) -> None:
        v, update, decay, new, epsilon, minus_rate = self
        minus_rate.fill(-learning_rate)
        np.square(gradient, update)
        np.multiply(update, new, update)
        np.multiply(v, decay, v)
        np.add(v, update, v)
        np.sqrt(v, update)
        np.add(update, epsilon, update)
        np.divide(gradient, update, update)
        np.multiply(update, minus_rate, update)
        np.add(parameter, update, parameter)
