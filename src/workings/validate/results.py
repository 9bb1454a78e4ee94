"""What a validation found: plain data that the report draws and the command line prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class Verdict(StrEnum):
    """What one comparison says, in words."""

    SAME_BITS = "same bits"
    WITHIN_BOUND = "within the bound"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Comparison:
    """One quantity of one fit, beside scikit-learn's.

    Parameters
    ----------
    algorithm : str
        ``"linear"``, ``"kmeans"`` or ``"neural"``.
    dataset : str
        Name of the data set.
    configuration : str
        The constructor call that both sides received.
    voice : str
        Whose numbers are held against the reference: ``"estimator"`` or ``"textbook"``.
    reference : str
        What they are held against: ``"scikit-learn"``, ``"scikit-learn tol=0"``, ``"exact"``, ``"NIST certified"``.
    quantity : str
        What is compared, such as ``"coef_"`` or ``"loss_curve_"``.
    max_absolute, max_relative : float
        Largest absolute difference, and the same divided by the reference's largest magnitude.
    tolerance : float
        Bound on ``max_relative``; 0 where the same bits are promised.
    reason : str
        Where the tolerance comes from, as a sentence.
    verdict : Verdict
        Same bits, within the bound, or differs.
    who_is_right : str
        For a difference: who is right and how that is known. Empty means that it is unexplained.
    """

    algorithm: str
    dataset: str
    configuration: str
    voice: str
    reference: str
    quantity: str
    max_absolute: float
    max_relative: float
    tolerance: float
    reason: str
    verdict: Verdict
    who_is_right: str = ""

    @property
    def unexplained(self) -> bool:
        """Whether the two differ and nothing says who is right."""
        return self.verdict is Verdict.DIFFERS and not self.who_is_right


@dataclass(frozen=True)
class Picture:
    """The data of one figure; `report` chooses colours and shapes, never numbers.

    Parameters
    ----------
    kind : str
        ``"coefficients"`` (names, ours, reference), ``"clusters"`` (plane (n, 2), ours, reference labels,
        centers, reference_centers in the plane), ``"curves"`` (ours, reference, log: a difference panel below),
        ``"predictions"`` (ours, reference), ``"dropped"`` (one coefficient in several fits: names, values).
    title : str
        The claim of the figure, one sentence.
    alt : str
        The finding in words for a reader who does not see the picture.
    series : mapping of str to ndarray
        The numbers, by the names above.
    labels : mapping of str to str or sequence of str
        Axis labels and category names.
    """

    kind: str
    title: str
    alt: str
    series: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    labels: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """Everything compared for one algorithm on one data set."""

    algorithm: str
    dataset: str
    heading: str
    explanation: str
    comparisons: tuple[Comparison, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Validation:
    """The whole run: what the page shows and ``--json`` prints."""

    studies: tuple[Study, ...]
    versions: Mapping[str, str]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every row of every study, in order."""
        return tuple(row for study in self.studies for row in study.comparisons)

    @property
    def unexplained(self) -> tuple[Comparison, ...]:
        """The rows that differ with nobody shown to be right; any of them makes the exit status 1."""
        return tuple(row for row in self.comparisons if row.unexplained)

    def count(self, verdict: Verdict) -> int:
        """How many rows carry `verdict`."""
        return sum(row.verdict is verdict for row in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers of the page as JSON-ready types (pictures left out: they repeat the arrays)."""
        return {
            "versions": dict(self.versions),
            "counts": {str(verdict): self.count(verdict) for verdict in Verdict},
            "unexplained": len(self.unexplained),
            "studies": [
                {
                    "algorithm": study.algorithm,
                    "dataset": study.dataset,
                    "heading": study.heading,
                    "explanation": study.explanation,
                    "comparisons": [_row(row) for row in study.comparisons],
                }
                for study in self.studies
            ],
        }


def _row(row: Comparison) -> dict[str, Any]:
    """One comparison as JSON-ready types; a non-finite number becomes its name, since JSON has none."""
    return {
        name: str(value) if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in asdict(row).items()
    }
