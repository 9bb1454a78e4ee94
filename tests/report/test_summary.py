"""The three sentences against counts made by hand."""

from __future__ import annotations

import dataclasses

from workings.report.summary import differences, sentences, tallies
from workings.report.views import study_views
from workings.validate.results import Study, Validation, Verdict


def only(validation: Validation, *verdicts: Verdict, explained: bool | None = None) -> Validation:
    """Keep the rows with these verdicts."""
    studies = tuple(
        dataclasses.replace(
            study,
            pictures=(),
            comparisons=tuple(
                row
                for row in study.comparisons
                if row.verdict in verdicts and (explained is None or bool(row.who_is_right) == explained)
            ),
        )
        for study in validation.studies[:4]
    )
    return Validation(studies, validation.versions)


def test_counts_of_the_synthetic_run(validation: Validation) -> None:
    # By hand: linear 1 same + 14 within; scales 1 same, 1 within, 2 explained; k-means 25 same;
    # neural 1 within, 2 unexplained.
    first, second, third = sentences(only(validation, *Verdict))
    assert first.startswith(
        "On 4 data sets, 47 numbers and arrays that workings computes for linear regression, k-means"
    )
    assert second.startswith("27 are the same to the last bit, 16 agree within")
    assert second.endswith("and 4 differ.")
    assert third == "2 differences of 4 are unexplained, and this validation therefore fails."
    assert [(each.kind, each.count) for each in tallies(only(validation, *Verdict))] == [
        ("same", 27),
        ("within", 16),
        ("explained", 2),
        ("unexplained", 2),
    ]


def test_third_sentence_when_all_is_explained(validation: Validation) -> None:
    explained = only(validation, Verdict.DIFFERS, explained=True)
    assert sentences(explained)[2] == (
        "For every difference it is known who is right (the exact answer twice), and nothing is left unexplained."
    )


def test_third_sentence_when_nothing_differs(validation: Validation) -> None:
    assert sentences(only(validation, Verdict.SAME_BITS))[2] == "Nothing differs, so nothing is left to explain."


def test_unexplained_differences_come_first(validation: Validation) -> None:
    found = differences(study_views(only(validation, *Verdict).studies))
    assert [bool(each.who_is_right) for each in found] == [False, True]
    assert found[1].quantities == "coef_ and rank_"
    assert found[1].largest == "1"


def test_a_long_study_folds_what_agrees_and_never_what_differs(validation: Validation) -> None:
    kmeans, neural = validation.studies[2], validation.studies[3]
    rows = (*kmeans.comparisons, *neural.comparisons)
    renamed = tuple(
        dataclasses.replace(row, configuration=f"{row.configuration} {place // 5}") for place, row in enumerate(rows)
    )
    (view,) = study_views([Study("kmeans", "iris", "heading", "words", renamed)])
    assert [table.folded for table in view.tables[:5]] == [False, False, False, False, True]
    assert not any(table.folded for table in view.tables if any(each.kind == "unexplained" for each in table.outcomes))
