"""Numbers and names as a person reads them."""

from __future__ import annotations

import pytest

from workings.report.words import number, plain, prose, right, short, tick


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (2.220446049250313e-16, "2.2e-16"),
        (1e-9, "1.0e-9"),
        (9.99e-4, "1.0e-3"),
        (1e-3, "0.001"),
        (0.0125, "0.013"),
        (0.999, "1"),
        (1.0, "1"),
        (199.0, "199"),
        (200.0, "200"),
        (99999.4, "99999"),
        (1e5, "1.0e5"),
        (5e-324, "4.9e-324"),
        (1.7976931348623157e308, "1.8e308"),
        (float("nan"), "not a number"),
        (float("inf"), "infinite"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_tick_uses_a_true_minus_sign_and_no_padding() -> None:
    assert [tick(value) for value in (-250.0, 0.0, 1e-10, 5e-13)] == ["\N{MINUS SIGN}250", "0", "1e-10", "5e-13"]


def test_plain_replaces_what_no_document_may_hold() -> None:
    assert plain("a\x00b\x1bc\ud800d\ufffe") == "a\ufffdb\ufffdc\ufffdd\ufffd"
    assert plain("שלום\tx\ny") == "שלום\tx\ny"


def test_plain_says_what_it_cut() -> None:
    assert plain("a" * 10_000, 20) == "a" * 20 + "… (10,000 characters)"


def test_short_keeps_both_ends() -> None:
    assert short("worst fractal dimension", 11) == "worst…nsion"
    assert short("age", 11) == "age"


def test_prose_sets_code_and_escapes_both() -> None:
    assert prose("set `tol=<0>` & go") == "set <code>tol=&lt;0&gt;</code> &amp; go"
    assert prose("a lone ` stays") == "a lone ` stays"


def test_a_judgement_begins_with_its_outcome() -> None:
    assert right("ours: 16 digits & more").startswith("<strong>Ours is right</strong>: 16 digits &amp; more")
    assert right("the exact answer; the textbook refuses").startswith("<strong>The exact answer is right</strong>;")
    assert right("ours or theirs, who knows") == "ours or theirs, who knows"
