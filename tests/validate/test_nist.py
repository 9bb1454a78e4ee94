"""NIST's files are the published ones, and the parser reads what they say."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from importlib.resources import files

import numpy as np
import pytest

from workings.validate import nist


def test_shipped_files_are_the_verified_ones() -> None:
    folder = files("workings.validate.nist")
    sums = dict(reversed(line.split()) for line in folder.joinpath("sha256sum.txt").read_text().splitlines())
    assert set(sums) == {f"{name}.dat" for name in nist.NAMES}
    for name, digest in sums.items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest


def test_longley_as_printed() -> None:
    longley = nist.load("Longley")
    assert longley.X.shape == (16, 6)
    assert longley.y[0] == 60323
    assert longley.X[0].tolist() == [83.0, 234289, 2356, 1590, 107608, 1947]
    assert longley.estimates[1] == "15.0618722713733"
    assert longley.standard_errors[0] == "890420.383607373"
    assert longley.residual_sd == "304.854073561965"
    assert longley.r_squared == "0.995479004577296"
    assert longley.certified_intercept == -3482258.63459582
    assert longley.fit_intercept


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Norris", (36, 1)), ("Pontius", (40, 2)), ("NoInt1", (11, 1)), ("NoInt2", (3, 1)), ("Filip", (82, 10)),
        ("Wampler1", (21, 5)), ("Wampler2", (21, 5)), ("Wampler3", (21, 5)),
        ("Wampler4", (21, 5)), ("Wampler5", (21, 5)),
    ],
)  # fmt: skip
def test_shapes_and_number_of_certified_values(name: str, shape: tuple[int, int]) -> None:
    entry = nist.load(name)
    assert entry.X.shape == shape
    assert len(entry.y) == shape[0]
    assert len(entry.estimates) == len(entry.standard_errors) == shape[1] + entry.fit_intercept
    assert entry.fit_intercept == (not name.startswith("NoInt"))


@pytest.mark.parametrize("name", nist.NAMES)
def test_certified_values_are_the_exact_answers_to_15_digits(name: str) -> None:
    entry = nist.load(name)
    first = 0 if entry.fit_intercept else 1
    for k, printed in enumerate(entry.estimates, start=first):
        exact = Fraction(entry.exact[f"B{k}"])
        assert abs(Fraction(printed) - exact) <= abs(exact) * Fraction(5, 10**15)


def test_powers_are_correctly_rounded() -> None:
    x = nist.load("Filip").X[:, 0]
    assert nist.load("Filip").X[:, 9].tolist() == [float(Fraction(value) ** 10) for value in x.tolist()]
    assert nist.load("Wampler1").X[3].tolist() == [3, 9, 27, 81, 243]


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(ValueError, match="no linear set named 'norris'; choose from Norris, Pontius"):
        nist.load("norris")


def test_a_file_of_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nist, "_text", lambda _file: "nothing to see\n")
    with pytest.raises(ValueError, match=r"Norris\.dat lacks its certified values"):
        nist.load("Norris")


def test_no_intercept_means_zero() -> None:
    assert nist.load("NoInt1").certified_intercept == 0.0
    assert np.array_equal(nist.load("NoInt1").certified_coef, [2.07438016528926])
