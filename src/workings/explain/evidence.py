"""The evidence of an explanation: how far each of its parts is right."""

from __future__ import annotations

import math
from typing import Any, Literal

import pandas as pd

from workings.explain.perceptron import Floats

Kind = Literal["residual", "quadrature", "standard error"]


class Evidence:
    """Collects a line for each part of an explanation."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, Any]] = {}

    def add(self, part: str, statement: str, error: float, scale: float, kind: Kind = "residual") -> None:
        """Add a line.

        Parameters
        ----------
        part : str
        statement : str
            What would hold without rounding, or sampling.
        error, scale : float
            By how much it does not, and the size of what was added up.
        kind : {"residual", "quadrature", "standard error"}, default="residual"
        """
        relative = 0.0 if error == 0 else error / scale if scale else math.inf
        self._lines[part] = {
            "statement": statement,
            "kind": kind,
            "error": float(error),
            "scale": float(scale),
            "relative": float(relative),
        }

    def frame(self) -> pd.DataFrame:
        """Return the lines, indexed by part."""
        return pd.DataFrame.from_dict(self._lines, orient="index").rename_axis("part")


def ask(model: Any, method: str, row: Floats) -> Any:
    """Return what a method of the model itself says of one row.

    Parameters
    ----------
    model : estimator
    method : str
        ``"predict"`` or ``"predict_proba"``.
    row : ndarray of shape (p,)

    Returns
    -------
    object
        The first entry of the answer.
    """
    names = getattr(model, "feature_names_in_", None)
    table: Any = row[None] if names is None else pd.DataFrame(row[None], columns=names)
    return getattr(model, method)(table)[0]
