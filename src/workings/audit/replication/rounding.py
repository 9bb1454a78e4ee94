"""How much rounding explains: of a sum, of a changed entry, of numbers that are compared bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.audit.replication.certificate import Check, failed, judged

ALTERED = "numbers altered after the fit"
BESIDE = 2.0**-47  # of the largest number of an array, whose rounding spreads to the smaller ones
FEW = 10  # numbers far off for each that is off by a last place
LAST_DIGITS = 4.0  # roundings that threads, orders of rows and libraries differ by in a single sum


def unit_roundoff(dtype: npt.DTypeLike) -> float:
    """Return u, the largest relative error of one rounding to a type; of float64 for other than float types."""
    kind = np.dtype(dtype)
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps) / 2.0


def rounded_once(values: npt.NDArray[Any], rng: np.random.RandomState) -> npt.NDArray[Any]:
    """Return an array with each entry changed by one rounding of its type, up or down by lot."""
    unit = values.dtype.type(2.0 * unit_roundoff(values.dtype))
    signs = rng.randint(0, 2, values.shape).astype(values.dtype) * 2 - 1
    moved: npt.NDArray[Any] = values * (1 + unit * signs)
    return moved


def same_bits(ours: Sequence[npt.NDArray[Any]], theirs: Sequence[npt.NDArray[Any]]) -> bool:
    """Whether two lists of arrays hold the same numbers."""
    return len(ours) == len(theirs) and all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def compared(
    what: str,
    ours: Sequence[npt.NDArray[Any]],
    theirs: Sequence[npt.NDArray[Any]],
    tolerances: Sequence[npt.ArrayLike],
    reason: str,
    slack: Sequence[npt.ArrayLike] = (),
) -> Check:
    """Compare the parameters of a refit with those of the model.

    Where most numbers have the same bits, and hardly any is off by a last place only, those that are far off were not
    changed by rounding, which spreads to all.

    Parameters
    ----------
    what : str
        The parameters.
    ours, theirs : sequence of ndarray
        Of equal shapes.
    tolerances : sequence of float or ndarray
        One for each pair.
    reason : str
        Where the tolerances come from.
    slack : sequence of float or ndarray, optional
        One for each pair: how far numbers may be apart where others have the same bits. The default takes some
        roundings of the number, or of the largest one beside it in double arithmetic.

    Returns
    -------
    Check
    """
    for a, b in zip(ours, theirs, strict=True):
        if a.shape != b.shape:
            return failed(what, f"The refit has parameters of shape {a.shape}, the model of {b.shape}.")
    first, second = (np.concatenate([np.ravel(part) for part in side]) for side in (ours, theirs))
    apart = np.abs(first.astype(np.float64) - second.astype(np.float64))
    equal = first == second
    if equal.all():
        return judged(what, 0.0, 0.0, "The refit gives the same bits.")
    unit = unit_roundoff(second.dtype)
    beside = slack or [BESIDE * float(np.abs(part).max(initial=0.0)) for part in ours]
    far = ~(apart <= np.maximum(LAST_DIGITS * unit * np.abs(first), _spread(beside, ours)))
    near = ~(equal | far)
    if 2 * equal.sum() >= len(equal) and far.any() and FEW * near.sum() <= far.sum():
        worst = float(apart[far].max()) if np.isfinite(apart).all() else np.inf
        return failed(
            ALTERED,
            f"{what}: {int(equal.sum())} of {len(equal)} numbers have the bits of the refit and {int(far.sum())} do "
            "not. Rounding would have reached all of them, so these were altered after the fit.",
            worst,
        )
    return judged(what, apart, _spread(tolerances, ours), reason)


def _spread(sizes: Sequence[npt.ArrayLike], parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate([np.broadcast_to(size, part.shape).ravel() for size, part in zip(sizes, parts, strict=True)])
