"""What a replication found: one record a comparison, and the verdict that they amount to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Outcome = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True)
class Check:
    """One comparison of the model with an independent computation.

    Parameters
    ----------
    what : str
        The quantity that was compared.
    deviation : float
        Largest difference found, in the units that `reason` names; NaN where nothing could be computed.
    tolerance : float
        Largest difference that the arithmetic explains; NaN where the check does not apply.
    reason : str
        Where the tolerance comes from, or why the check does not apply or failed, in words.
    outcome : {"passed", "failed", "not applicable"}
        Whether the deviation is within the tolerance.
    """

    what: str
    deviation: float
    tolerance: float
    reason: str
    outcome: Outcome


@dataclass(frozen=True)
class Replication:
    """Whether an independent implementation reproduces a fitted model, and why.

    Parameters
    ----------
    model : str
        Class and module of the model, and the steps before it.
    certified : bool
        Whether the predictions are reproduced, the parameters are proved, and no check failed.
    verdict : str
        What was certified, or what was refused and why, in a sentence or two.
    checks : tuple of Check
        All comparisons, in the order in which they were made.
    """

    model: str
    certified: bool
    verdict: str
    checks: tuple[Check, ...]

    def frame(self) -> pd.DataFrame:
        """Return the checks as a table.

        Returns
        -------
        DataFrame
            One row a check: what, deviation, tolerance, outcome, reason.
        """
        columns = ["what", "deviation", "tolerance", "outcome", "reason"]
        return pd.DataFrame([[getattr(check, name) for name in columns] for check in self.checks], columns=columns)

    def __str__(self) -> str:
        lines = [f"{'Certified' if self.certified else 'Refused'}: {self.model}", self.verdict, ""]
        for check in self.checks:
            numbers = "" if np.isnan(check.deviation) else f": {check.deviation:.3g}"
            if not np.isnan(check.tolerance):
                numbers += f" (tolerance {check.tolerance:.3g})"
            lines.append(f"[{check.outcome}] {check.what}{numbers}. {check.reason}")
        return "\n".join(lines)


def judged(what: str, deviation: npt.ArrayLike, tolerance: npt.ArrayLike, reason: str) -> Check:
    """Return the check of numbers that each have a tolerance; the worst one stands for all.

    Parameters
    ----------
    what : str
        The quantity.
    deviation, tolerance : array-like of float
        Broadcast against each other. NaN deviates from everything.
    reason : str
        Where the tolerance comes from.

    Returns
    -------
    Check
    """
    found, allowed = np.broadcast_arrays(np.asarray(deviation, np.float64), np.asarray(tolerance, np.float64))
    if not found.size:
        return Check(what, 0.0, 0.0, reason, "passed")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(found <= allowed, np.where(allowed > 0, found / allowed, 0.0), np.inf)
        excess = np.where(np.isinf(ratio), np.where(allowed > 0, found / allowed, found), -1.0)
    worst = int(np.argmax(excess if np.isinf(ratio).any() else ratio))
    outcome: Outcome = "failed" if np.isinf(ratio).any() else "passed"
    return Check(what, float(found.flat[worst]), float(allowed.flat[worst]), reason, outcome)


def failed(what: str, reason: str, deviation: float = np.nan) -> Check:
    """Return a check that failed before, or without, a comparison of numbers."""
    return Check(what, deviation, np.nan, reason, "failed")


def not_applicable(what: str, reason: str, deviation: float = np.nan) -> Check:
    """Return a check that does not apply; a deviation that is given informs only."""
    return Check(what, deviation, np.nan, reason, "not applicable")


def any_failed(checks: Iterable[Check]) -> bool:
    """Whether any of the checks failed."""
    return any(check.outcome == "failed" for check in checks)


def as_numbers(values: Any) -> npt.NDArray[np.float64]:
    """Return numbers, dense or sparse, as an array of float64."""
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)
