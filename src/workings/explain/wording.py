"""Numbers and reasons in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

MOST_REASONS = 3
ENOUGH = 0.8
"""Share of what speaks for something at which no more reasons are given."""

WORTH_A_WORD = 0.1
"""Share of all contributions that something against it needs in order to be said."""

LONGEST_NAME = 40


def number(value: float, size: float) -> str:
    """Return a number with as many decimals as two digits of `size` need.

    Parameters
    ----------
    value, size : float

    Returns
    -------
    str
    """
    size = abs(size) or abs(value)
    if not 1e-9 < size < 1e15 or abs(value) >= 1e15:
        return f"{value:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(size)))
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def signed(value: float, size: float) -> str:
    """Return a number as `number` does, with its sign.

    Parameters
    ----------
    value, size : float

    Returns
    -------
    str
    """
    text = number(value, size)
    return text if text.startswith("-") else f"+{text}"


def percent(probability: float) -> str:
    """Return a probability in per cent, never rounded to certainty.

    Parameters
    ----------
    probability : float

    Returns
    -------
    str
    """
    if probability > 0.995:
        return "over 99 %"
    if probability < 0.005:
        return "under 1 %"
    return f"{100 * probability:.0f} %"


def label(value: Any) -> str:
    """Return a label as a reader would write it.

    Parameters
    ----------
    value : object
        A class label; NumPy's numbers lose their type's name, long text is cut.

    Returns
    -------
    str
    """
    text = str(value)
    text = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
    return f"'{text}'" if isinstance(value, str) else text


def reasons(
    contributions: pd.Series[float], levels: pd.Series[float], sign: float, measure: Callable[[float], str]
) -> str:
    """Name the features that speak for something, the strongest first.

    Parameters
    ----------
    contributions : Series of shape (p,)
    levels : Series of shape (p,)
        Value minus background, for "high" and "low".
    sign : float
        Of the contributions to name.
    measure : callable
        From a contribution to what is said of it in brackets.

    Returns
    -------
    str
        Such as ``"bmi is high (+21) and s5 is high (+10)"``; empty if nothing speaks for it.
    """
    values = contributions.to_numpy()
    strength = np.where(values * sign > 0, np.abs(values), 0.0)
    order = np.argsort(-strength, kind="stable")[:MOST_REASONS]
    covered = np.cumsum(strength[order])
    needed = int(np.searchsorted(covered, ENOUGH * strength.sum())) + 1
    chosen = [j for j in order[:needed] if strength[j] > 0]
    return listed(
        [
            f"{_name(contributions.index[j])} is {'high' if levels.iloc[j] > 0 else 'low'} ({measure(values[j])})"
            for j in chosen
        ]
    )


def against(
    contributions: pd.Series[float], levels: pd.Series[float], sign: float, measure: Callable[[float], str]
) -> str:
    """Name the features that speak against something, as `reasons`, if they are worth a word.

    Parameters
    ----------
    contributions, levels, sign, measure
        As in `reasons`; `sign` is that of the contributions to name.

    Returns
    -------
    str
    """
    values = contributions.to_numpy()
    if np.max(values * sign, initial=0.0) < WORTH_A_WORD * np.abs(values).sum():
        return ""
    return reasons(contributions, levels, sign, measure)


def for_and_against(contributions: pd.Series[float], levels: pd.Series[float], cause: str) -> str:
    """Say what speaks for a label and what against it, in shares of all contributions.

    Parameters
    ----------
    contributions, levels : Series of shape (p,)
        As in `reasons`; positive contributions speak for the label.
    cause : str
        What they speak for.

    Returns
    -------
    str
        Sentences with a space before each; empty if nothing contributes.
    """
    total = float(contributions.abs().sum())

    def share(part: float) -> str:
        return percent(abs(part) / total)

    for_it = reasons(contributions, levels, 1.0, share)
    other_side = against(contributions, levels, -1.0, share)
    said = [f"for {cause}: {for_it}"] * bool(for_it) + [f"against: {other_side}"] * bool(other_side)
    text = f" What speaks {'; '.join(said)}." if said else ""
    return text.replace(" %)", " % of all that counts)", 1)


def listed(parts: list[str]) -> str:
    """Return parts joined by commas and a last "and".

    Parameters
    ----------
    parts : list of str

    Returns
    -------
    str
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _name(name: Any) -> str:
    text = " ".join(str(name).split())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
