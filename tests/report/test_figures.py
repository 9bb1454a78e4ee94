"""Figures: each shape is checked, each picture stays small, colour never stands alone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workings.report.figures import KINDS, draw
from workings.validate.results import Picture

SERIES = {
    "coefficients": {"names": np.array(["a", "b"]), "ours": np.array([1.0, 2]), "reference": np.array([1.0, 2])},
    "clusters": {
        "plane": np.array([[0.0, 0], [1, 1], [2, 0]]),
        "ours": np.array([0, 1, 1]),
        "reference": np.array([0, 1, 0]),
        "centers": np.array([[0.0, 0], [1.5, 0.5]]),
        "reference_centers": np.array([[1.0, 0], [1, 1]]),
    },
    "curves": {"ours": np.array([3.0, 2, 1]), "reference": np.array([3.0, 2])},
    "predictions": {"ours": np.array([1.0, 2]), "reference": np.array([1.0, 2])},
    "dropped": {"names": np.array(["a", "b"]), "values": np.array([0.0, 199])},
}


def picture(kind: str, **changed: object) -> Picture:
    series = {name: values for name, values in {**SERIES[kind], **changed}.items() if values is not None}
    return Picture(kind, "the claim", "the finding", series)


def drawn(shown: Picture) -> str:
    return "".join(draw(shown, "key").panels)


def test_every_kind_has_an_example() -> None:
    assert set(SERIES) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_drawing_is_bare_svg(kind: str) -> None:
    svg = drawn(picture(kind))
    assert svg.startswith("<svg viewBox=")
    assert not re.search(r"http|font-family|metadata|<style|width=\"\d+pt|<!--", svg)
    assert set(re.findall(r'id="([^"]+)"', svg)) == set(re.findall(r"#(key-[\d-]+)", svg))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in sorted(SERIES) for name in SERIES[kind]])
def test_a_missing_series_is_named(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"'the claim'.*lacks the series '{name}'"):
        draw(picture(kind, **{name: None}), "key")


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("coefficients", {"ours": np.ones(3)}),
        ("coefficients", {"names": np.array(["a"])}),
        ("coefficients", {"ours": np.array(["1", "2"])}),
        ("clusters", {"plane": np.ones((3, 3))}),
        ("clusters", {"plane": np.ones((4, 2))}),
        ("clusters", {"centers": np.array([[0.0, np.nan]])}),
        ("clusters", {"reference": np.array([0, 1])}),
        ("curves", {"ours": np.ones((2, 2))}),
        ("curves", {"reference": np.array([])}),
        ("predictions", {"ours": np.ones(3)}),
        ("predictions", {"ours": np.array([np.nan, np.inf])}),
        ("dropped", {"values": np.array([np.inf, 0])}),
        ("dropped", {"values": np.array([1.0])}),
    ],
)
def test_a_wrong_shape_is_named(kind: str, changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="'the claim'"):
        draw(picture(kind, **changed), "key")


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"'the claim' is of the unknown kind 'pie'; there are clusters, coefficients"):
        draw(Picture("pie", "the claim", "the finding"), "key")


def test_colours_are_the_page_s_to_change() -> None:
    for kind in KINDS:
        bare = re.sub(r"var\(--\w+,#[0-9a-f]{6}\)", "", drawn(picture(kind)))
        assert set(re.findall(r"#[0-9a-f]{6}\b", bare)) == set(), kind


def test_twenty_thousand_points_stay_small() -> None:
    values = np.random.RandomState(0).normal(size=20_000)
    assert len(drawn(picture("predictions", ours=values, reference=values))) < 60_000


def test_equal_curves_say_so_and_unequal_ones_do_not() -> None:
    same = SERIES["curves"]["ours"]
    assert "no difference in any bit" in drawn(picture("curves", reference=same))
    assert "no difference in any bit" not in drawn(picture("curves", reference=same * (1 + 1e-15)))


def test_rows_labelled_differently_are_counted() -> None:
    assert "ours: 1 row labelled differently (ringed)" in drawn(picture("clusters"))


@pytest.mark.parametrize("exponent", [-300, 0, 300])
def test_extreme_magnitudes_are_drawn(exponent: int) -> None:
    values = np.array([10.0**exponent, -3.0])
    for kind in ("coefficients", "predictions", "curves"):
        assert "nan" not in drawn(picture(kind, ours=values, reference=values * (1 + 1e-9)))


def test_a_curve_with_a_gap_is_drawn() -> None:
    assert drawn(picture("curves", ours=np.array([3.0, np.nan, 1]), log=np.array(True)))
