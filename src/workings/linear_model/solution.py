"""What a solver gets back to the caller with, and the interface that all solvers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from workings.linear_model.certificate import Certificate

if TYPE_CHECKING:
    from workings.linear_model.design import Design
    from workings.linear_model.moments import Floats


@dataclass(frozen=True)
class Solution:
    """A least-squares solution with the reason for the way it was computed.

    Parameters
    ----------
    coef : ndarray of shape (p, k)
        Coefficients, a column a target, without intercept, in the units of the data.
    coef_low : ndarray of shape (p, k)
        What rounding the coefficients to double left over; it sharpens the intercept where the means are large.
    solver : str
        Name of the solver that produced it.
    reason : str
        Why that solver, and what it says about the data, as a sentence.
    condition : float
        2-norm condition number of the centred X with its columns scaled to one length, as far as the solver
        knows it: an upper estimate from the inverse for ``"normal"``, from singular values otherwise.
    rank : int
        Number of independent directions in the centred X that the solution uses.
    factor : ndarray of shape (r, q)
        Any matrix with the singular values of the centred X, divided by ``2**exponent``.
    exponent : int
        Kept apart, since singular values can be too large to square.
    spectrum_length : int
        How many singular values X has: min(n, p).
    certificate : Certificate
        What is proved about the coefficients and the intercept.
    intercept, intercept_low : ndarray of shape (k,), optional
        Intercept as two doubles, where the solver knows it better than the means and the coefficients do.
    steps : tuple of (event, values)
        What happened on the way, for the flight recorder.
    """

    coef: Floats = field(repr=False)
    coef_low: Floats = field(repr=False)
    solver: str
    reason: str
    condition: float
    rank: int
    factor: Floats = field(repr=False)
    exponent: int = field(repr=False)
    spectrum_length: int
    certificate: Certificate
    intercept: Floats | None = field(default=None, repr=False)
    intercept_low: Floats | None = field(default=None, repr=False)
    steps: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), repr=False)

    @cached_property
    def singular_values(self) -> Floats:
        """Singular values of the centred (and weighted) X, largest first; computed when first asked for."""
        spectrum = np.zeros(self.spectrum_length)
        if self.factor.size:
            values = np.linalg.svd(self.factor, compute_uv=False)
            spectrum[: len(values)] = values[: self.spectrum_length]
        with np.errstate(over="ignore"):
            return np.ldexp(spectrum, self.exponent)

    @property
    def corrections(self) -> tuple[float, ...]:
        """Norm of each refinement's correction, relative to the coefficients it corrected."""
        return tuple(float(values["correction"]) for event, values in self.steps if event == "refinement")


class Solver(ABC):
    """Turns a design into a solution; one subclass a file."""

    name: ClassVar[str]
    promises_proof: ClassVar[bool] = False  # the user is warned where the certificate is less

    @abstractmethod
    def solve(self, design: Design) -> Solution:
        """Return the least-squares solution of a design.

        Parameters
        ----------
        design : Design
            The data, centred, weighted and scaled on demand.

        Returns
        -------
        Solution

        Raises
        ------
        ValueError
            If the design is outside what this solver can do; the message says what to check.
        """
