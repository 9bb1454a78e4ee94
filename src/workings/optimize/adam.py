"""Adam: gradient descent with adaptive estimates of the first two moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workings.optimize.update_rules import Array, UpdateRule, moments


class Adam(UpdateRule):
    r"""Adam with bias correction folded into the rate.

    At step t, with the gradient g::

        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        α ← α₀ √(1 - β₂ᵗ) / (1 - β₁ᵗ)
        θ ← θ - α m / (√v + ε)

    Parameters
    ----------
    learning_rate_init : float, default=0.001
        α₀, above 0.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of the moments, in [0, 1).
    epsilon : float, default=1e-8
        ε, above 0.

    Attributes
    ----------
    learning_rate : float
        α of the last step.
    t : int
        Number of steps.
    first_moments, second_moments : list of ndarray
        m and v, block by block.

    Notes
    -----
    ε is added to the uncorrected √v, as in the paper's last paragraph of section 2: it weighs
    1 / √(1 - β₂ᵗ) times more in the first steps than in algorithm 1.
    Fails when gradients are so small that √v is comparable to ε: the steps then shrink with the gradient.
    Cost: about 12 n flops and n square roots and divisions a step, 5 n numbers of memory, for n parameters.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1 and section 2.

    Examples
    --------
    The first step has the length of the learning rate, whatever the gradient:

    >>> import numpy as np
    >>> theta, gradient = [np.array([1.0, 1.0])], [np.array([100.0, -0.01])]
    >>> rule = Adam(0.1)
    >>> rule.allocate(theta, gradient)
    >>> _ = rule.step(theta, gradient)
    >>> print(theta[0].round(4))
    [0.9 1.1]
    """

    def __init__(
        self,
        learning_rate_init: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate_init)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.t = 0
        self.first_moments: list[Array] = []
        self.second_moments: list[Array] = []
        self._scratch: list[tuple[Array, Array, Array]] = []
        self._updates: list[Array] = []

    def allocate(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Make room for the moments, or keep those that are there.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        """
        pairs = [np.result_type(p.dtype, g.dtype) for p, g in zip(parameters, gradients, strict=True)]
        self.first_moments = moments(
            self.first_moments, parameters, [np.result_type(kind, self.beta_1) for kind in pairs]
        )
        self.second_moments = moments(
            self.second_moments, parameters, [np.result_type(kind, self.beta_2) for kind in pairs]
        )
        self._scratch = [
            (np.empty_like(m), np.empty_like(v), np.empty(v.shape, np.result_type(v.dtype, self.epsilon)))
            for m, v in zip(self.first_moments, self.second_moments, strict=True)
        ]
        # the corrected rate is a double, and so is the update, also for single-precision parameters
        self._updates = [np.empty(block.shape, np.float64) for block in parameters]

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
        self.t += 1
        numerator = self.learning_rate_init * np.sqrt(1 - self.beta_2**self.t)
        self.learning_rate = numerator / (1 - self.beta_1**self.t)  # NN.27
        for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            m, v, update = self.first_moments[i], self.second_moments[i], self._updates[i]
            for_m, for_v, denominator = self._scratch[i]
            m *= self.beta_1
            np.multiply(gradient, 1 - self.beta_1, out=for_m)
            m += for_m  # NN.25
            v *= self.beta_2
            np.square(gradient, out=for_v)
            for_v *= 1 - self.beta_2
            v += for_v  # NN.26
            np.sqrt(v, out=denominator)
            denominator += self.epsilon
            np.multiply(m, -self.learning_rate, out=update)
            update /= denominator  # NN.28
            parameter += update  # NN.29
        return self._updates
