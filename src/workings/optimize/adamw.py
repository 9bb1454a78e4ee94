"""AdamW: Adam with a weight decay that is kept out of the moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workings.optimize.adam import Adam
from workings.optimize.schedules import Schedule, check_parameter
from workings.optimize.update_rules import Array


class AdamW(Adam):
    r"""Adam with decoupled weight decay.

    With α₀ the scheduled rate and λ the decay, a step is Adam's and, for the weights::

        θ ← θ - α₀ λ θ              with the θ before Adam's step

    Parameters
    ----------
    learning_rate_init : float, default=0.001
        α₀, above 0, before the schedule changes it.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of the moments, in [0, 1).
    epsilon : float, default=1e-8
        ε, above 0.
    schedule : Schedule, optional
        How α₀ changes; constant by default.
    weight_decay : float, default=0.01
        λ, at least 0.
    fast : bool, default=False
        As for `Adam`.

    Attributes
    ----------
    learning_rate : float
        Adam's corrected rate of the last step.
    scheduled_rate : float
        α₀ of the next step.
    t : int
        Number of steps.
    first_moments, second_moments : list of ndarray
        As for `Adam`.

    Notes
    -----
    A penalty λ|θ|²/2 in the loss would enter the moments and be divided by √v, so that weights with large gradients
    would decay less; here all weights decay alike. The biases do not, where `allocate` is told the number of weights.
    Here α₀ multiplies the decay, as in most libraries; the paper's λ is α₀ λ before its schedule's factor.
    Fails when α₀ λ nears 1: the weights then vanish within a few steps. The loss must have no penalty of its own,
    or the weights are shrunk twice.
    Cost: as `Adam`, and 3 passes over the weights a step, with room for as many numbers.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    Without a gradient a weight shrinks by 1 - 0.1 * 0.5 a step, a bias does not:

    >>> import numpy as np
    >>> theta, gradient = [np.array([1.0, 1.0])], [np.zeros(2)]
    >>> rule = AdamW(0.1, weight_decay=0.5)
    >>> rule.allocate(theta, gradient, n_weights=1)
    >>> _ = rule.step(theta, gradient)
    >>> print(theta[0])
    [0.95 1.  ]
    """

    def __init__(
        self,
        learning_rate_init: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        schedule: Schedule | None = None,
        *,
        weight_decay: float = 0.01,
        fast: bool = False,
    ) -> None:
        check_parameter("weight_decay", weight_decay, closed="[")
        super().__init__(learning_rate_init, beta_1, beta_2, epsilon, schedule, fast=fast)
        self.weight_decay = weight_decay
        self._decays: list[Array] = []

    def allocate(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        n_weights: int | None = None,
    ) -> None:
        """Make room for the moments, or keep those that are there.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        n_weights : int, optional
            How many entries, from the first of the first block on, decay. All of them by default. Blocks of more than
            one dimension decay as a whole or not at all.

        Raises
        ------
        ValueError
            If the rule has moments of another number of parameters, or if there are fewer than `n_weights`.
        """
        super().allocate(parameters, gradients)
        total = sum(block.size for block in parameters)
        left = total if n_weights is None else n_weights
        if not 0 <= left <= total:
            raise ValueError(f"n_weights has to lie in [0, {total}], the number of parameters; got {n_weights}.")
        self._decays = []
        for block in parameters:
            weights = min(left, block.size)
            left -= weights
            if block.ndim != 1 and 0 < weights < block.size:
                raise ValueError("n_weights ends within a matrix: give the biases as a block of their own.")
            self._decays.append(np.empty_like(block[:weights]))

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
        factor = -float(self.scheduled_rate * self.weight_decay)
        for parameter, decay in zip(parameters, self._decays, strict=True):
            np.multiply(parameter[: len(decay)], factor, out=decay)
        updates = super().step(parameters, gradients)
        for parameter, update, decay in zip(parameters, updates, self._decays, strict=True):
            parameter[: len(decay)] += decay
            update[: len(decay)] += decay
        return updates
