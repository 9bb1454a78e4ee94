r"""How much of a trajectory's difference rounding explains: measured, by rounding the data once more.

A textbook that evaluates the same equations in another order commits other rounding errors at every step. Changing
every entry of X by one unit roundoff does the same: the change enters every product of every step. Its effect on a
quantity q, the largest over a few draws of signs s, is the response of the trajectory to one rounding an entry,

.. math::  L(q) = \max_s \| q(X (1 + 2 u s)) - q(X) \|_\infty

and a sum of m terms in another order is off by up to :math:`\gamma(m) / u` such units (`rounding.accumulated`), so

.. math::  \mathrm{tolerance}(q) = 2 \frac{\gamma(m)}{u} \max(L(q), u \|q\|_\infty).      \qquad (B.5)

m is the longest sum of a step: the rows of a batch, or the widest layer. The factor 2 counts both sides. Nothing
in it is adjusted to the difference that is then found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.validate.compare import AGREEMENT, Promise, differences

Floats = npt.NDArray[np.float64]
Values = Mapping[str, npt.NDArray[Any]]
DRAWS = 2


def tolerances(fit: Callable[[Floats], Values], X: Floats, base: Values, terms: int) -> dict[str, Promise]:
    """Derive a tolerance for each quantity of a fit from its response to one rounding of each entry of X.

    Parameters
    ----------
    fit : callable
        From data to quantities; called `DRAWS` times on perturbed data.
    X : ndarray of shape (n, p)
    base : mapping of str to ndarray
        The quantities at X itself.
    terms : int
        m, the number of terms of the longest sum in a step.

    Returns
    -------
    dict of str to Promise
        Never above 1, where a difference of the size of the quantity itself is always shown.

    Notes
    -----
    Cost: `DRAWS` fits. Fails (is too small) when a branch, such as a rectifier's kink, lies between the two sides'
    roundings but not between X and its perturbed copies.
    """
    response = dict.fromkeys(base, 0.0)
    for draw in range(DRAWS):
        signs = np.random.RandomState(draw).choice([-1.0, 1.0], size=X.shape)
        moved = fit(X * (1.0 + 2.0 * UNIT_ROUNDOFF * signs))
        for name, value in base.items():
            response[name] = max(response[name], differences(np.asarray(moved[name]), np.asarray(value))[1])
    factor = 2.0 * accumulated(terms) / UNIT_ROUNDOFF
    return {name: _promise(factor, terms, change) for name, change in response.items()}


def _promise(factor: float, terms: int, change: float) -> Promise:
    return Promise(
        min(AGREEMENT, factor * max(change, UNIT_ROUNDOFF)),
        f"One rounding of each entry of X changes scikit-learn's own result by {change:.1e}; sums of {terms} terms in "
        f"another order count {factor:.0f} of them (B.5).",
    )
