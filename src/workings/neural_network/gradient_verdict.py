"""What compared derivatives say about a gradient, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workings.neural_network.gradient_comparison import TOO_COARSE, Comparison
from workings.neural_network.parameters import Array


@dataclass(frozen=True)
class Setting:
    """What may have gone into a gradient by mistake.

    Parameters
    ----------
    total : float
        Sum of the rows' weights.
    alpha : float
        Weight of the penalty.
    n_samples, n_outputs : int
    """

    total: float
    alpha: float
    n_samples: int
    n_outputs: int


def hint(part: Comparison, setting: Setting) -> str:
    """Return the known mistake that a wrong gradient looks like, as the end of a sentence; empty if none.

    Parameters
    ----------
    part : Comparison
        With a wrong gradient.
    setting : Setting

    Returns
    -------
    str
    """
    n = len(part.positions)
    found, true, values = part.gradient[:n], part.truth[:n], part.values
    rounding = 1e-6 * np.abs(true).max(initial=0.0)
    if not rounding or not np.isfinite(found).all() or not np.isfinite(true).all():
        return ""
    penalty = setting.alpha * values / setting.total

    def same(one: Array, other: Array) -> bool:
        return bool(np.allclose(one, other, rtol=1e-6, atol=rounding))

    if part.part == "weights" and setting.alpha:
        for meaning, wrong in (
            ("the penalty alpha W were missing", true - penalty),
            ("the penalty were subtracted", true - 2 * penalty),
            ("the penalty were counted twice", true + penalty),
            ("the penalty were not divided by the sum of the rows' weights", true + (setting.total - 1) * penalty),
        ):
            if same(found, wrong):
                return f"as if {meaning}"
    if part.part == "biases" and setting.alpha and same(found, true + penalty):
        return "as if the biases were penalised"
    whole = n == int(np.prod(part.shape))
    square = whole and len(part.shape) == 2 and part.shape[0] == part.shape[1] > 1
    if square and same(found.reshape(part.shape), true.reshape(part.shape).T):
        return "as if it were transposed"
    factors = {
        "it were 0": 0.0,
        "its sign were wrong": -1.0,
        "a factor 2 were too many": 2.0,
        "a factor 2 were missing": 0.5,
        "the rows were summed and not averaged": setting.total,
        "it were divided by the sum of the rows' weights twice": 1 / setting.total,
        "it were divided by the number of rows, not by the sum of their weights": setting.total / setting.n_samples,
        "the outputs were summed and not averaged": float(setting.n_outputs),
        "it were averaged over the outputs": 1 / setting.n_outputs,
    }
    part_penalty = penalty if part.part == "weights" else 0.0
    for meaning, factor in factors.items():
        if factor != 1 and (same(found, factor * true) or same(found - part_penalty, factor * (true - part_penalty))):
            return f"as if {meaning}"
    return ""


def judge(parts: Sequence[Comparison], setting: Setting, reported: tuple[float, float, float]) -> tuple[bool, str]:
    """Return whether a gradient is right, and why.

    Parameters
    ----------
    parts : sequence of Comparison
    setting : Setting
    reported : tuple of float
        The loss that training reports, the one that the forward pass gives, and the rounding between them.

    Returns
    -------
    ok : bool
    verdict : str
    """
    wrong = [part for part in parts if part.wrong.any()]
    if wrong:
        return False, _refusal(wrong, setting)
    unsettled = [part for part in parts if part.unsettled.any()]
    if unsettled:
        return False, _doubt(unsettled)
    said, true, rounding = reported
    if not abs(said - true) <= rounding:
        return False, (
            f"The gradient is right, but the reported loss is not the one it belongs to: {said:.6g} against {true:.6g} "
            "from the forward pass."
        )
    return True, _approval(parts)


def _doubt(unsettled: Sequence[Comparison]) -> str:
    names = ", ".join(f"the {part.part} of layer {part.layer}" for part in unsettled)
    if not unsettled[0].noise < TOO_COARSE:
        return (
            f"The gradient is not settled: with weighted sums as large as here rounding explains deviations of "
            f"{unsettled[0].noise:.1e}. Standardise the columns of X, or take parameters that are not so large."
        )
    return (
        f"The gradient is not settled for {names}: a function of the network does not take complex numbers, and for "
        "central differences the derivatives are too small or the kinks too near. Try other rows or parameters."
    )


def _approval(parts: Sequence[Comparison]) -> str:
    records = [part.record() for part in parts]
    n_checked, size = sum(record.checked for record in records), sum(record.size for record in records)
    how_many = f"all {size} parameters"
    if n_checked < size:
        how_many = f"{n_checked} of {size} parameters, and the rest along random directions,"
    by_complex = [record.deviation for record in records if not np.isnan(record.deviation)]
    central = [record.central_deviation for record in records if not np.isnan(record.central_deviation)]
    ways = []
    if by_complex:
        ways.append(f"the complex step to {max(by_complex):.1e} (rounding explains {records[0].tolerance:.1e})")
    if central:
        ways.append(f"central differences to {max(central):.1e}")
    verdict = (
        f"The gradient is right: {how_many} agree with {' and with '.join(ways)}, relative to the size of the terms."
    )
    if any(part.off_complex.any() for part in parts):
        verdict += " Where a function of the network is none of complex numbers, central differences alone decided."
    undecided = sum(record.undecided for record in records)
    if undecided:
        verdict += (
            f" For {undecided} derivatives no central difference was exact enough: the complex step alone decided."
        )
    return verdict


def _refusal(wrong: Sequence[Comparison], setting: Setting) -> str:
    # errors go down: the highest wrong layer is where to look
    highest = max(part.layer for part in wrong)
    here = [part for part in wrong if part.layer == highest]
    part = here[0]
    place = part.worst()
    found, true = float(part.gradient[place]), float(part.truth[place])
    way = "central differences" if part.off_complex[place] else "complex step"
    if not part.off_complex[place] and abs(true - found) <= part.noise * part.scale[place]:
        true, way = float(part.central[place]), "central differences"
    ratio = f" (factor {found / true:.4g})" if true and np.isfinite(found) else ""
    names = " and ".join(one.part for one in here)
    verdict = (
        f"The gradient of the {names} of layer {highest} is wrong: the worst is {part.name_of(place)}: {found:.6g} "
        f"against {true:.6g} by {way}{ratio}"
    )
    likeness = hint(part, setting)
    verdict += f", {likeness}." if likeness else "."
    below = sorted({one.layer for one in wrong if one.layer < highest})
    if below:
        layers = f"layer {below[0]}" if len(below) == 1 else f"layers {', '.join(str(layer) for layer in below)}"
        verdict += f" So is that of {layers}, to which an error above is handed down."
    return verdict
