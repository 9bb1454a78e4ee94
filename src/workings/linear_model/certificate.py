"""What is proved about a solution, and the rounding that a proof allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CORRECT_DIGITS = 15.95  # -log10(2^-53): what a correctly rounded double guarantees


@dataclass(frozen=True)
class Certificate:
    """What is known for certain about the coefficients and the intercept.

    Parameters
    ----------
    method : str
        How they were bounded: ``"sliced residuals"``, ``"exact Gram matrix"``, ``"rational arithmetic"``, or
        ``"none"``.
    proved : bool
        Whether every coefficient and intercept is the correct rounding of the exact least-squares answer of the
        data, read as doubles.
    bound : float
        Largest relative distance between the exact answer and the unrounded solution; infinite where none is known.
    digits : float
        Significant decimal digits that every coefficient is guaranteed to have; 0 where none are.
    sentence : str
        The same in words.
    """

    method: str
    proved: bool
    bound: float
    digits: float
    sentence: str


def not_proved(sentence: str) -> Certificate:
    """Return the certificate of a solution that nothing is proved about.

    Parameters
    ----------
    sentence : str
        Why.
    """
    return Certificate("none", False, np.inf, 0.0, sentence)


def proved(method: str, bound: float) -> Certificate:
    """Return the certificate of a correctly rounded solution.

    Parameters
    ----------
    method : str
        How it was found.
    bound : float
        Largest relative error before rounding.
    """
    return Certificate(
        method,
        True,
        bound,
        CORRECT_DIGITS,
        "Every coefficient and the intercept are the correct rounding of the exact least-squares answer of the data, "
        "read as doubles: the same bits for any order of rows, number of threads and machine.",
    )
