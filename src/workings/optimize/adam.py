"""Adam: gradient descent with adaptive estimates of the first two moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from workings.optimize.schedules import Schedule, check_parameter
from workings.optimize.update_rules import Array, State, UpdateRule, constant, moments


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
        α₀, above 0, before the schedule changes it.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of the moments, in [0, 1).
    epsilon : float, default=1e-8
        ε, above 0.
    schedule : Schedule, optional
        How α₀ changes; constant by default.
    fast : bool, default=False
        Keep m / (1 - β₁) and v / (1 - β₂) in place of m and v, with the factors in α and ε, and compute
        single-precision parameters in single precision throughout. The same mathematics; other last bits, see Notes.

    Attributes
    ----------
    learning_rate : float
        α of the last step.
    scheduled_rate : float
        α₀ of the next step.
    t : int
        Number of steps.
    first_moments, second_moments : list of ndarray
        m and v, block by block; with `fast`, m / (1 - β₁) and v / (1 - β₂).

    Notes
    -----
    ε is added to the uncorrected √v, as in the paper's last paragraph of section 2: it weighs
    1 / √(1 - β₂ᵗ) times more in the first steps than in algorithm 1.
    Without `fast` the bits are scikit-learn's, whose α is a double: the last operations on single-precision parameters
    are done in double precision. Both ways the moments' rounding errors stay below some 3 / (1 - β) units in the last
    place of the largest g and g², so that one step differs by little more; whole trainings then drift apart as they
    do after any change of rounding.
    Fails when gradients are so small that √v is comparable to ε: the steps then shrink with the gradient.
    Cost: 12 passes over the n parameters a step, 10 with `fast`, among them one of square roots and one of divisions;
    4 n numbers of memory, 3 n with `fast`, beside parameters and gradient.

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

    _remembered: ClassVar[tuple[str, ...]] = ("t", "first_moments", "second_moments")

    def __init__(
        self,
        learning_rate_init: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        schedule: Schedule | None = None,
        *,
        fast: bool = False,
    ) -> None:
        check_parameter("learning_rate_init", learning_rate_init)
        check_parameter("beta_1", beta_1, 0, 1, "[")
        check_parameter("beta_2", beta_2, 0, 1, "[")
        check_parameter("epsilon", epsilon)
        super().__init__(learning_rate_init, schedule)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.fast = fast
        self.t = 0
        self.first_moments: list[Array] = []
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
        pairs = [
            p.dtype if self.fast else np.result_type(p.dtype, g.dtype)
            for p, g in zip(parameters, gradients, strict=True)
        ]
        firsts = [np.result_type(kind, self.beta_1) for kind in pairs]
        seconds = [np.result_type(kind, self.beta_2) for kind in pairs]
        self.first_moments = moments(self.first_moments, parameters, firsts)
        self.second_moments = moments(self.second_moments, parameters, seconds)
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
            self._make_blocks(parameters, gradients)
        self.t += 1
        numerator = self.scheduled_rate * np.sqrt(1 - self.beta_2**self.t)
        self.learning_rate = numerator / (1 - self.beta_1**self.t)  # NN.27
        for block, parameter, gradient in zip(self._blocks, parameters, gradients, strict=True):
            block.step(parameter, gradient, self.learning_rate)
        return [block.update for block in self._blocks]

    def state(self) -> State:
        """Return copies of all that later steps depend on and that the constructor does not set.

        Returns
        -------
        dict
            ``t``, the rates, ``first_moments_0``, ``second_moments_0`` and so on for each block, and ``fast``.
        """
        return {"fast": int(self.fast), **super().state()}

    def restore(self, state: Mapping[str, Array | float | int]) -> None:
        """Continue where another rule was: the next steps are the same, bit for bit.

        Parameters
        ----------
        state : mapping
            From `state` of a rule of the same class and parameters.

        Raises
        ------
        ValueError
            If it is not the state of such a rule, which leaves this one unchanged.
        """
        rest = dict(state)
        if rest.pop("fast", None) != self.fast:
            raise ValueError(f"The state is not that of a rule with fast={self.fast}: its moments have another scale.")
        super().restore(rest)

    def _make_blocks(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        make = _Fast.of if self.fast else _Exact.of
        self._blocks = [
            make(self, *arrays)
            for arrays in zip(parameters, gradients, self.first_moments, self.second_moments, strict=True)
        ]

    def _take_rate(self, rate: float) -> None:
        self.scheduled_rate = float(rate)  # the corrected rate stays that of the last step


class _Exact(NamedTuple):
    """The moments of one block, where its update is computed, and the factors in the types they are used in."""

    m: Array
    v: Array
    for_m: Array
    for_v: Array
    denominator: Array
    update: Array
    beta_1: Array
    new_1: Array
    beta_2: Array
    new_2: Array
    epsilon: Array
    minus_rate: Array

    @classmethod
    def of(cls, rule: Adam, parameter: Array, gradient: Array, m: Array, v: Array) -> _Exact:
        kinds = m.dtype, v.dtype, np.result_type(v.dtype, rule.epsilon)
        # one array for all three where they share a type, as only one is in use at a time
        scratch = {kind: np.empty(parameter.shape, kind) for kind in kinds}
        new_1, new_2 = 1 - rule.beta_1, 1 - rule.beta_2
        return cls(
            m,
            v,
            for_m=scratch[kinds[0]],
            for_v=scratch[kinds[1]],
            denominator=scratch[kinds[2]],
            # the corrected rate is a double, and so is the update, also for single-precision parameters
            update=np.empty(parameter.shape, np.float64),
            beta_1=constant(rule.beta_1, m.dtype),
            new_1=constant(new_1, np.result_type(gradient.dtype, new_1)),
            beta_2=constant(rule.beta_2, v.dtype),
            new_2=constant(new_2, v.dtype),
            epsilon=constant(rule.epsilon, kinds[2]),
            minus_rate=constant(0.0, np.dtype(np.float64)),
        )

    def step(self, parameter: Array, gradient: Array, rate: float) -> None:
        m, v, for_m, for_v, denominator, update, beta_1, new_1, beta_2, new_2, epsilon, minus_rate = self
        minus_rate.fill(-rate)
        np.multiply(m, beta_1, m)
        np.multiply(gradient, new_1, for_m)
        np.add(m, for_m, m)  # NN.25
        np.multiply(v, beta_2, v)
        np.square(gradient, for_v)
        np.multiply(for_v, new_2, for_v)
        np.add(v, for_v, v)  # NN.26
        np.sqrt(v, denominator)
        np.add(denominator, epsilon, denominator)
        np.multiply(m, minus_rate, update)
        np.divide(update, denominator, update)  # NN.28
        np.add(parameter, update, parameter)  # NN.29


class _Fast(NamedTuple):
    """As `_Exact`, with m / (1 - β₁) and v / (1 - β₂) for m and v."""

    m: Array
    v: Array
    update: Array
    beta_1: Array
    beta_2: Array
    epsilon: Array
    minus_rate: Array
    rate_factor: float

    @classmethod
    def of(cls, rule: Adam, parameter: Array, gradient: Array, m: Array, v: Array) -> _Fast:  # noqa: ARG003
        root = sqrt(1 - rule.beta_2)
        return cls(
            m,
            v,
            update=np.empty_like(parameter),
            beta_1=constant(rule.beta_1, m.dtype),
            beta_2=constant(rule.beta_2, v.dtype),
            epsilon=constant(rule.epsilon / root, v.dtype),
            minus_rate=constant(0.0, parameter.dtype),
            rate_factor=(1 - rule.beta_1) / root,
        )

    def step(self, parameter: Array, gradient: Array, rate: float) -> None:
        m, v, update, beta_1, beta_2, epsilon, minus_rate, rate_factor = self
        minus_rate.fill(-rate * rate_factor)
        np.multiply(m, beta_1, m)
        np.add(m, gradient, m)
        np.multiply(v, beta_2, v)
        np.square(gradient, update)
        np.add(v, update, v)
        np.sqrt(v, update)
        np.add(update, epsilon, update)
        np.divide(m, update, update)
        np.multiply(update, minus_rate, update)
        np.add(parameter, update, parameter)
