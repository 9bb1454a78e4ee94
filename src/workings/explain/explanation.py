"""An explanation of one prediction, with the evidence for each of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workings.explain.flip import Flip
from workings.explain.local_piece import LocalPiece

SHOWN = 10
"""Lines of a table that `str` shows."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model says what it says of one row.

    Parameters
    ----------
    family : str
        ``"linear regression"``, ``"k-means"`` or ``"neural network"``.
    prediction : object
        What the model says: a number, a label, or the number of a group.
    what : str
        The number that the contributions split, in words.
    value : float
        That number.
    base : float
        The same for the background.
    probability, base_probability : float or None
        Of the label for the row and for the background, for a classifier.
    background : Series of shape (p,)
        What the row is compared with.
    background_name : str
        What that is, in words.
    contributions : DataFrame
        A row a feature, in their order: ``value``, ``background``, ``contribution``, and as a cross-check ``shapley``
        with its ``standard_error``. The contributions sum to `value` minus `base`.
    rows : DataFrame or None
        A row for each of the training: ``target``, ``weight`` (they give the prediction, ``sum(weight * target)``),
        ``part`` (their product), ``change_if_left_out`` of the prediction, ``leverage``.
    flip : Flip or None
        The nearest boundary of another label, and the change that reaches it.
    local : LocalPiece or None
        The linear function that a ReLU network is around the row.
    identity : DataFrame
        The evidence, a row for each part: ``statement``, ``kind`` (``"residual"``, ``"quadrature"`` or
        ``"standard error"``), ``error``, ``scale`` (the size of what was added up) and ``relative``, their quotient.
    not_applicable : mapping of str to str
        Parts that are missing, each with its reason.
    sentence : str
        The explanation for a person who is not technical.

    See Also
    --------
    explain : Makes one.
    """

    family: str
    prediction: Any
    what: str
    value: float
    base: float
    probability: float | None
    base_probability: float | None
    background: pd.Series[float]
    background_name: str
    contributions: pd.DataFrame
    rows: pd.DataFrame | None
    flip: Flip | None
    local: LocalPiece | None
    identity: pd.DataFrame
    not_applicable: Mapping[str, str]
    sentence: str

    def frame(self) -> pd.DataFrame:
        """Return the contributions, those of the largest absolute value first.

        Returns
        -------
        DataFrame
            A row a feature, indexed by its name, with the columns of `contributions`.
        """
        return self.contributions.sort_values("contribution", key=abs, ascending=False, kind="stable")

    def __str__(self) -> str:
        parts = [self.sentence, f"Explained: {self.what}; compared with {self.background_name}.", _table(self.frame())]
        if self.rows is not None:
            by_change = self.rows.sort_values("change_if_left_out", key=abs, ascending=False, kind="stable")
            parts += ["Rows of the training that moved it most:", _table(by_change)]
        if self.local is not None:
            parts.append(
                f"Around the row the network is one linear formula, up to a distance of {self.local.radius:.3g}."
            )
        parts += [f"No {name}: {reason}" for name, reason in self.not_applicable.items()]
        parts += ["How far each part is right:", self.identity.to_string(float_format="{:.3g}".format)]
        return "\n\n".join(parts)


def _table(frame: pd.DataFrame) -> str:
    rest = f"\n... and {len(frame) - SHOWN} more" if len(frame) > SHOWN else ""
    return frame.head(SHOWN).to_string(float_format="{:.4g}".format) + rest
