"""The largest curvature at which a rate of descent is stable."""

from __future__ import annotations

import math


def stability_limit(rate: float, momentum: float = 0.0, *, nesterov: bool = False) -> float:
    """Return the curvature up to which gradient descent on all rows does not diverge.

    Parameters
    ----------
    rate : float
        Learning rate, above 0.
    momentum : float, default=0.0
        In [0, 1).
    nesterov : bool, default=False
        Whether the momentum is Nesterov's.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the rate is not a number above 0, or the momentum not in [0, 1).

    Notes
    -----
    On a quadratic of curvature λ the distance x to the minimum follows a linear recursion, which dies out while both
    roots of its polynomial lie within the unit circle. With rate η and momentum μ::

        gradient descent   x' = (1 - ηλ) x                            λ < 2 / η
        heavy ball         x' = (1 + μ - ηλ) x - μ x_before           λ < 2 (1 + μ) / η
        Nesterov           x' = (1 - ηλ) ((1 + μ) x - μ x_before)     λ < 2 (1 + μ) / ((1 + 2 μ) η)

    The limit is one of descent on all rows; with mini-batches, whose gradients are noisy, trainings become unstable
    below it.

    Source: Cohen, Kaur, Li, Kolter and Talwalkar, "Gradient Descent on Neural Networks Typically Occurs at the Edge of
    Stability", ICLR 2021, section 2 and appendix B.

    Examples
    --------
    >>> stability_limit(0.02)
    100.0
    >>> stability_limit(0.02, momentum=0.5)
    150.0
    >>> stability_limit(0.02, momentum=0.5, nesterov=True)
    75.0
    """
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"A learning rate is a finite number above 0; got {rate}.")
    if not 0 <= momentum < 1:
        raise ValueError(f"The limit is known for a momentum in [0, 1); got {momentum}.")
    limit = 2 * (1 + momentum) / rate
    return limit / (1 + 2 * momentum) if nesterov else limit
