"""One quantity beside another: differences, verdict, and who is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.validate.results import Comparison, Verdict

BITS = "The same operations in the same order give the same bits; nothing else is accepted."
COUNTS = "A count, a label or a class is equal or wrong."
AGREEMENT = 0.5e-2
"""Largest relative tolerance: two digits. A bound beyond it is true but excludes too little to be called agreement."""


@dataclass(frozen=True)
class Fit:
    """Which fit a row belongs to."""

    algorithm: str
    dataset: str
    configuration: str


@dataclass(frozen=True)
class Promise:
    """How close two numbers must be, and why.

    Parameters
    ----------
    tolerance : float
        Bound on the largest difference relative to the reference's largest magnitude; 0 promises the same bits.
    reason : str
        Where it comes from, as a sentence.
    """

    tolerance: float
    reason: str


def compare(
    fit: Fit,
    voice: str,
    reference: str,
    quantity: str,
    ours: npt.ArrayLike,
    theirs: npt.ArrayLike,
    promise: Promise,
    judge: Callable[[], str] | None = None,
) -> Comparison:
    """Hold one quantity against its reference.

    Parameters
    ----------
    fit : Fit
    voice, reference, quantity : str
        As in `Comparison`.
    ours, theirs : array-like
        The two values. Different shapes, or a number that is not finite on one side only, differ infinitely.
    promise : Promise
    judge : callable, optional
        Asked only when two values of one shape differ: a sentence that says who is right and how that is known, or
        ``""``.

    Returns
    -------
    Comparison
    """
    a, b = np.asarray(ours), np.asarray(theirs)
    absolute, relative = differences(a, b)
    if same_bits(a, b):
        verdict = Verdict.SAME_BITS
    elif relative <= promise.tolerance:
        verdict = Verdict.WITHIN_BOUND
    else:
        verdict = Verdict.DIFFERS
    return Comparison(
        algorithm=fit.algorithm,
        dataset=fit.dataset,
        configuration=fit.configuration,
        voice=voice,
        reference=reference,
        quantity=quantity,
        max_absolute=absolute,
        max_relative=relative,
        tolerance=promise.tolerance,
        reason=promise.reason,
        verdict=verdict,
        who_is_right=judge() if verdict is Verdict.DIFFERS and judge is not None and a.shape == b.shape else "",
    )


def same_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Whether two arrays hold the same numbers in the same floating-point type; integers may differ in width."""
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        return bool(np.array_equal(a, b))
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def differences(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[float, float]:
    """Largest absolute difference, and the same over the largest magnitude of the reference `b`.

    Against a reference of zeros the relative difference is the absolute one.

    Examples
    --------
    >>> differences(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    (0.5, 0.25)
    """
    if a.shape != b.shape:
        return float("inf"), float("inf")
    if a.size == 0 or a.dtype.kind not in "iubf" or b.dtype.kind not in "iubf":
        return (0.0, 0.0) if np.array_equal(a, b) else (float("inf"), float("inf"))
    x, y = a.astype(np.float64), b.astype(np.float64)
    equal = (x == y) | (np.isnan(x) & np.isnan(y))
    if not (np.isfinite(x) & np.isfinite(y) | equal).all():
        return float("inf"), float("inf")
    absolute = float(np.abs(x[~equal] - y[~equal]).max(initial=0.0))
    scale = float(np.abs(y[np.isfinite(y)]).max(initial=0.0))
    return absolute, absolute / scale if scale else absolute


def flat(arrays: Any) -> npt.NDArray[np.float64]:
    """One vector of a list of arrays, such as a network's ``coefs_``."""
    return np.concatenate([np.ravel(array) for array in arrays])
