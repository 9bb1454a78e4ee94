"""The first screen of the page: three sentences, four counts, and every difference with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workings.report.views import ICONS, Outcome, StudyView, grouped, kind, quantities
from workings.report.words import counted, listed, name, number, who
from workings.validate.results import Comparison, Validation, Verdict


@dataclass(frozen=True)
class Difference:
    """Rows of one study that differ for one reason."""

    study: StudyView
    configuration: str
    quantities: str
    against: str
    largest: str
    who_is_right: str


def sentences(validation: Validation) -> tuple[str, str, str]:
    """Say what was compared, how it came out, and what is left to explain."""
    rows = validation.comparisons
    if not rows:
        return ("Nothing was compared.", "There is no agreement to report.", "Nothing is left to explain.")
    return (_compared(validation), _came_out(validation), _left_to_explain(validation))


def tallies(validation: Validation) -> tuple[Outcome, ...]:
    """Count all four outcomes, those that never occurred included."""
    kinds = [kind(row) for row in validation.comparisons]
    return tuple(Outcome(each, kinds.count(each)) for each in ICONS)


def overview(studies: Sequence[StudyView]) -> dict[str, list[StudyView]]:
    """Gather the studies by algorithm for the table of contents."""
    return grouped(studies, lambda view: view.algorithm)


def differences(studies: Sequence[StudyView]) -> list[Difference]:
    """List what differs, the unexplained first."""
    found = [
        _difference(view, rows)
        for view in studies
        for rows in grouped(
            (row for row in view.study.comparisons if row.verdict is Verdict.DIFFERS),
            lambda row: (row.configuration, row.voice, row.reference, row.who_is_right),
        ).values()
    ]
    return sorted(found, key=lambda difference: bool(difference.who_is_right))


def _difference(view: StudyView, rows: list[Comparison]) -> Difference:
    first = rows[0]
    return Difference(
        study=view,
        configuration=first.configuration,
        quantities=quantities(rows),
        against=f"{first.voice} against {name(first.reference)}",
        largest=number(max(row.max_relative for row in rows)),
        who_is_right=first.who_is_right,
    )


def _compared(validation: Validation) -> str:
    rows = validation.comparisons
    algorithms = listed([_inside(name(key)) for key in dict.fromkeys(row.algorithm for row in rows)])
    references = listed([name(key) for key in dict.fromkeys(row.reference for row in rows)])
    sets = len({row.dataset for row in rows})
    return (
        f"On {counted(sets, 'data set')}, {counted(len(rows), 'number or array', 'numbers and arrays')} that "
        f"workings computes for {algorithms} {'was' if len(rows) == 1 else 'were'} held against {references}, "
        "each side given the same data, the same parameters and the same seed."
    )


def _came_out(validation: Validation) -> str:
    counts = [f"{validation.count(verdict):,}" for verdict in Verdict]
    return (
        f"{counts[0]} are the same to the last bit, {counts[1]} agree within a bound derived beforehand "
        f"from the arithmetic and the conditioning, and {counts[2]} differ."
    )


def _left_to_explain(validation: Validation) -> str:
    differing = [row for row in validation.comparisons if row.verdict is Verdict.DIFFERS]
    unexplained = len(validation.unexplained)
    if not differing:
        return "Nothing differs, so nothing is left to explain."
    if unexplained:
        return (
            f"{counted(unexplained, 'difference')} of {len(differing):,} "
            f"{'is' if unexplained == 1 else 'are'} unexplained, and this validation therefore fails."
        )
    sides = Counter(who(row.who_is_right) or "told below" for row in differing)
    told = ", ".join(f"{side} {_times(count)}" for side, count in sides.most_common())
    return f"For every difference it is known who is right ({told}), and nothing is left unexplained."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _inside(title: str) -> str:
    """Write a title inside a sentence; ``k-means`` and names in capitals keep their case."""
    return title if title[1:2] in {"-", ""} or title[1].isupper() else title[0].lower() + title[1:]
