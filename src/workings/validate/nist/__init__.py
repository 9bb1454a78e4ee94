"""NIST's eleven linear least-squares data sets with their certified values (Statistical Reference Datasets)."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

import numpy as np
import numpy.typing as npt

NAMES: tuple[str, ...] = (
    "Norris",
    "Pontius",
    "NoInt1",
    "NoInt2",
    "Filip",
    "Longley",
    "Wampler1",
    "Wampler2",
    "Wampler3",
    "Wampler4",
    "Wampler5",
)
DEGREES: dict[str, int] = {"Norris": 1, "Pontius": 2, "Filip": 10} | {f"Wampler{i}": 5 for i in range(1, 6)}

ESTIMATE = re.compile(r"^\s*B(\d+)\s+(\S+)\s+(\S+)\s*$", re.MULTILINE)
RESIDUAL_SD = re.compile(r"^\s*Standard Deviation\s+(\S+)\s*$", re.MULTILINE)
R_SQUARED = re.compile(r"^\s*R-Squared\s+(\S+)\s*$", re.MULTILINE)
DATA_LINES = re.compile(r"^\s*Data\s+\(lines (\d+) to (\d+)\)", re.MULTILINE)


@dataclass(frozen=True)
class CertifiedSet:
    """One set: the design matrix in float64 and the values that NIST certifies.

    Parameters
    ----------
    name : str
        NIST's name.
    X : ndarray of shape (n, p), float64
        Predictors without the constant; a polynomial's powers are the correctly rounded powers of the double x.
    y : ndarray of shape (n,), float64
    fit_intercept : bool
        Whether the model has a B0.
    estimates, standard_errors : tuple of str
        B0 (where there is one), B1, ... as printed, 15 significant digits.
    residual_sd, r_squared : str
        As printed. R² of a model without intercept is uncentred.
    exact : dict of str to str
        The exact answers for the decimal data to 40 digits, by the names of ``exact40.csv``.
    """

    name: str
    X: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    fit_intercept: bool
    estimates: tuple[str, ...]
    standard_errors: tuple[str, ...]
    residual_sd: str
    r_squared: str
    exact: dict[str, str]

    @property
    def certified_coef(self) -> npt.NDArray[np.float64]:
        """Certified coefficients of the columns of X, shape (p,)."""
        return np.array([float(text) for text in self.estimates[int(self.fit_intercept) :]])

    @property
    def certified_intercept(self) -> float:
        """Certified B0; 0 for a model without intercept."""
        return float(self.estimates[0]) if self.fit_intercept else 0.0


def load(name: str) -> CertifiedSet:
    """Read one of NIST's sets.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    CertifiedSet

    Raises
    ------
    ValueError
        When there is no such set, or its file does not have the layout that NIST describes.

    Examples
    --------
    >>> longley = load("Longley")
    >>> longley.X.shape, longley.estimates[0]
    ((16, 6), '-3482258.63459582')
    """
    if name not in NAMES:
        raise ValueError(f"NIST has no linear set named {name!r}; choose from {', '.join(NAMES)}.")
    text = _text(f"{name}.dat")
    certified = ESTIMATE.findall(text)
    spread, r_squared, lines = RESIDUAL_SD.search(text), R_SQUARED.search(text), DATA_LINES.search(text)
    if not certified or spread is None or r_squared is None or lines is None:
        raise ValueError(f"{name}.dat lacks its certified values or the range of its data lines.")
    first, last = int(lines[1]), int(lines[2])
    rows = np.array([line.split() for line in text.splitlines()[first - 1 : last]], dtype=np.float64)
    degree = DEGREES.get(name)
    return CertifiedSet(
        name=name,
        X=rows[:, 1:] if degree is None else powers(rows[:, 1], degree),
        y=rows[:, 0],
        fit_intercept=certified[0][0] == "0",
        estimates=tuple(estimate for _, estimate, _ in certified),
        standard_errors=tuple(error for _, _, error in certified),
        residual_sd=spread[1],
        r_squared=r_squared[1],
        exact=_exact_values(name),
    )


def powers(x: npt.NDArray[np.float64], degree: int) -> npt.NDArray[np.float64]:
    """Powers 1 to `degree` of each double, each correctly rounded, so that every machine gets the same bits."""
    return np.array([[float(Fraction(value) ** k) for k in range(1, degree + 1)] for value in x.tolist()])


def _text(file: str) -> str:
    return files(__name__).joinpath(file).read_text(encoding="ascii")


def _exact_values(name: str) -> dict[str, str]:
    rows = csv.DictReader(_text("exact40.csv").splitlines())
    return {row["quantity"]: row["exact_40_digits"] for row in rows if row["dataset"] == name}
