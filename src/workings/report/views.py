"""What the templates show of each study: rows grouped so that nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workings.report.figures import Drawing, draw
from workings.report.words import counted, listed, name, number
from workings.validate.results import Comparison, Study, Verdict

Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)

OPEN_ROWS = 20
"""A study shows about this many rows at once; further tables in which nothing differs are folded."""

ICONS = {"same": "=", "within": "≈", "explained": "≠", "unexplained": "!"}
WORDS = {
    "same": "same bits",
    "within": "within the bound",
    "explained": "differs, explained",
    "unexplained": "differs, unexplained",
}


@dataclass(frozen=True)
class Outcome:
    """One verdict and how often it was reached, with the words and the sign that carry it."""

    kind: str
    count: int

    @property
    def icon(self) -> str:
        """The sign."""
        return ICONS[self.kind]

    @property
    def words(self) -> str:
        """The words."""
        return WORDS[self.kind]


@dataclass(frozen=True)
class RowView:
    """One comparison, its numbers written out."""

    row: Comparison
    absolute: str
    relative: str
    bound: str
    note: int
    outcome: Outcome
    who_is_right: str


@dataclass(frozen=True)
class Group:
    """The rows of one voice against one reference."""

    heading: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class Table:
    """All rows of one configuration."""

    configuration: str
    groups: tuple[Group, ...]
    outcomes: tuple[Outcome, ...]
    folded: bool


@dataclass(frozen=True)
class Figure:
    """One picture, drawn."""

    title: str
    alt: str
    drawing: Drawing


@dataclass(frozen=True)
class StudyView:
    """One algorithm on one data set."""

    anchor: str
    study: Study
    algorithm: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    outcomes: tuple[Outcome, ...]


def study_views(studies: Sequence[Study]) -> tuple[StudyView, ...]:
    """Return the studies as the page shows them, in the order given."""
    return tuple(_study(study, f"study-{place}") for place, study in enumerate(studies, start=1))


def kind(row: Comparison) -> str:
    """Return which of the four outcomes a row has."""
    if row.verdict is Verdict.SAME_BITS:
        return "same"
    if row.verdict is Verdict.WITHIN_BOUND:
        return "within"
    return "unexplained" if row.unexplained else "explained"


def outcomes(rows: Iterable[Comparison]) -> tuple[Outcome, ...]:
    """Count the outcomes of some rows; those that did not occur are left out."""
    kinds = [kind(row) for row in rows]
    return tuple(Outcome(each, kinds.count(each)) for each in ICONS if each in kinds)


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Gather rows by a key, keys in the order in which they first appear."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _study(study: Study, anchor: str) -> StudyView:
    notes = tuple(dict.fromkeys(row.reason for row in study.comparisons if row.reason))
    tables = []
    shown = 0
    for configuration, rows in grouped(study.comparisons, lambda row: row.configuration).items():
        agreed = all(row.verdict is not Verdict.DIFFERS for row in rows)
        folded = agreed and shown > 0 and shown + len(rows) > OPEN_ROWS
        shown += 0 if folded else len(rows)
        tables.append(Table(configuration, _groups(rows, notes), outcomes(rows), folded))
    figures = tuple(
        Figure(picture.title, picture.alt, draw(picture, f"{anchor}-figure-{place}"))
        for place, picture in enumerate(study.pictures, start=1)
    )
    return StudyView(anchor, study, name(study.algorithm), tuple(tables), notes, figures, outcomes(study.comparisons))


def _groups(rows: list[Comparison], notes: tuple[str, ...]) -> tuple[Group, ...]:
    return tuple(
        Group(f"{voice} against {name(reference)}", _rows(members, notes))
        for (voice, reference), members in grouped(rows, lambda row: (row.voice, row.reference)).items()
    )


def _rows(rows: list[Comparison], notes: tuple[str, ...]) -> tuple[RowView, ...]:
    """Write out rows; who is right is said once, under the last of neighbours that share it."""
    following = [row.who_is_right for row in rows[1:]] + [""]
    return tuple(
        RowView(
            row=row,
            absolute=number(row.max_absolute),
            relative=number(row.max_relative),
            bound=number(row.tolerance),
            note=notes.index(row.reason) + 1 if row.reason else 0,
            outcome=Outcome(kind(row), 1),
            who_is_right=row.who_is_right if row.who_is_right != after else "",
        )
        for row, after in zip(rows, following, strict=True)
    )


def quantities(rows: Sequence[Comparison]) -> str:
    """Name what some rows compare: up to four quantities, then how many more."""
    names = list(dict.fromkeys(row.quantity for row in rows))
    if len(names) <= 5:
        return listed(names)
    return listed([*names[:4], counted(len(names) - 4, "other quantity", "other quantities")])
