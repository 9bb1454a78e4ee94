"""What theory says about descent on a quadratic loss: the limit of the step, the best one, and the rate of the error.

On each eigenvector of the Hessian, with eigenvalue λ, the error of a method with step η and momentum β follows the
recursion ``e₊ = a e - c e₋`` of its own: a = 1 + β - ηλ, c = β for heavy ball, a = (1 + β)(1 - ηλ), c = β (1 - ηλ)
for Nesterov, and c = 0 without momentum. The larger root of ``z² - a z + c`` is the factor an iteration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from workings.arithmetic.error_free import UNIT_ROUNDOFF

Recursion = Callable[[float], tuple[float, float, float]]
"""From ηλ to a, c and the factor of the first iteration, which has no momentum yet."""


@dataclass(frozen=True)
class DescentTheory:
    """What to expect of a descent on the data at hand.

    Parameters
    ----------
    method : str
        Which descent, as a sentence begins with it.
    largest, smallest : float
        Largest and smallest non-zero eigenvalue, L and μ, of the Hessian X'X/n of the centred X.
    step : float or None
        The step (learning rate) that was chosen; None where the method finds its own.
    momentum : float
        The momentum that was chosen.
    limit_step : float or None
        Smaller steps converge. A larger one diverges, except in stochastic descent, where the limit is a bound
        that is sufficient.
    limit_formula : str
        The limit in terms of L.
    best_step : float or None
        The step that ``rate="optimal"`` stands for.
    predicted_rate : float
        Factor of the error's norm an iteration (an epoch in stochastic descent), in the long run and at worst.
    growth : float
        Where two roots meet, the error is ``(1 + growth k) predicted_rate**k``; 0 elsewhere.
    last : float
        Iteration after which nothing is left to do in exact arithmetic; infinity for all but conjugate gradients.
    noise_floor : tuple of float
        Bounds of the mean loss above its minimum at which a constant step ends; zeros unless stochastic.

    Notes
    -----
    A rank-deficient X has a smallest *non-zero* eigenvalue, which decides: gradients have no part in the directions
    that do not matter, so an iteration from zero ends at the coefficients of least norm.
    Fails to say when rounding ends the progress: below about ``condition * 1e-16`` of the first gradient.
    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
    Mathematics and Mathematical Physics 4 (1964); B. O'Donoghue and E. Candès, "Adaptive restart for accelerated
    gradient schemes", Foundations of Computational Mathematics 15 (2015), section 4, for the recursions.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import GradientDescent
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> theory = GradientDescent().theory(X, np.array([1.0, 2.0, 3.0, 4.0]))
    >>> round(theory.largest, 12), round(theory.smallest, 12), round(theory.condition, 12)  # X'X / 4
    (4.5, 0.5, 9.0)
    >>> round(theory.best_step, 12), round(theory.predicted_rate, 12)  # 2 / (4.5 + 0.5), (9 - 1) / (9 + 1)
    (0.4, 0.8)
    """

    method: str
    largest: float
    smallest: float
    step: float | None
    momentum: float
    limit_step: float | None
    limit_formula: str
    best_step: float | None
    predicted_rate: float
    growth: float = 0.0
    last: float = math.inf
    noise_floor: tuple[float, float] = (0.0, 0.0)

    @property
    def condition(self) -> float:
        """Condition number of the Hessian, L/μ: the square of that of the centred X in the units of the data."""
        return self.largest / self.smallest

    @property
    def chosen_step(self) -> float:
        """The step, of a method that has one."""
        assert self.step is not None
        return self.step

    @property
    def beyond_limit(self) -> bool:
        """Whether the chosen step is larger than the limit."""
        return self.step is not None and self.limit_step is not None and self.step > self.limit_step

    def factor(self, iteration: int) -> float:
        """Return the factor of the error's norm from one iteration to the next.

        Parameters
        ----------
        iteration : int
            From 1; it matters only where `growth` does.

        Returns
        -------
        float
        """
        return self.predicted_rate * (1 + self.growth * iteration) / (1 + self.growth * (iteration - 1))

    def iterations(self, reduction: float) -> float:
        """Return how many iterations make the error that many times what it was.

        Parameters
        ----------
        reduction : float
            Between 0 and 1, such as 1e-10.

        Returns
        -------
        float
            A whole number, or infinity.

        Raises
        ------
        ValueError
            If `reduction` is not between 0 and 1.
        """
        if not 0 < reduction < 1:
            raise ValueError(f"reduction must lie between 0 and 1, both excluded; got {reduction!r}.")
        if self.predicted_rate >= 1:
            return math.inf
        if self.predicted_rate <= reduction:
            return 1.0
        count = 0.0
        for _ in range(60):  # a contraction: count enters its right-hand side by a logarithm
            count = (math.log1p(self.growth * count) - math.log(reduction)) / -math.log(self.predicted_rate)
        return min(float(math.ceil(count)), self.last)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The theory in words."""
        said = [
            f"The curvature of the loss lies between {self.smallest:.6g} and {self.largest:.6g}: condition number "
            f"{self.condition:.6g}."
        ]
        if self.step is not None:
            said.append(
                f"{self.method} converges for steps below {self.limit_formula} = {self.limit_step:.6g}; "
                f"the best is {self.best_step:.6g}, the chosen one {self.step:.6g}."
            )
        if self.predicted_rate < 1:
            count = self.iterations(1e-10)
            said.append(
                f"The error shrinks by a factor of {self.predicted_rate:.6g} an iteration in the long run: "
                f"about {count:.6g} iteration{'' if count == 1 else 's'} for ten digits."
            )
        else:
            said.append("With this step the error need not shrink.")
        if any(self.noise_floor):
            low, high = self.noise_floor
            said.append(
                f"A constant step stays, on average, between {low:.3g} and {high:.3g} above the smallest loss; "
                "smaller steps or larger batches come closer."
            )
        return tuple(said)

    def __str__(self) -> str:
        return " ".join(self.sentences)


def heavy_ball(momentum: float) -> Recursion:
    """Return the recursion of Polyak's heavy ball; without momentum that of gradient descent."""
    return lambda share: (1 + momentum - share, momentum, 1 - share)


def nesterov(momentum: float) -> Recursion:
    """Return the recursion of Nesterov's method, at the points where it takes gradients."""
    return lambda share: ((1 + momentum) * (1 - share), momentum * (1 - share), 1 - (1 + momentum) * share)


def long_run(recursion: Recursion, step: float, largest: float, smallest: float) -> tuple[float, float]:
    """Return the factor of the error in the long run, and the growth of its prefactor.

    Parameters
    ----------
    recursion : callable
        Of one eigenvector.
    step, largest, smallest : float
        η, L and μ. The factor is largest at one of the two ends: it falls as ηλ grows from 0, and rises again
        once a root is negative.

    Returns
    -------
    rate, growth : float
        Where the two roots z of an end meet, ``e_k = (1 + (first / z - 1) k) z**k`` with the factor of the first
        iteration.
    """
    if math.isinf(step * largest):
        return math.inf, 0.0
    ends = []
    for curvature in (largest, smallest):
        a, c, first = recursion(step * curvature)
        discriminant = a * a / 4 - c
        if c == 0:
            ends.append((abs(a), 0.0))
        elif abs(discriminant) <= 16 * UNIT_ROUNDOFF * abs(c):
            # Roots that meet do so up to rounding only; its square root would be their distance.
            root = math.copysign(math.sqrt(c), a)
            ends.append((abs(root), abs(first / root - 1)))
        elif discriminant < 0:
            ends.append((math.sqrt(c), 0.0))
        else:
            ends.append((abs(a) / 2 + math.sqrt(discriminant), 0.0))
    rate = max(rate for rate, _ in ends)
    return rate, max(growth for end, growth in ends if end >= rate * (1 - 16 * UNIT_ROUNDOFF))
