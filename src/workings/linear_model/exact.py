"""Least squares correctly rounded: the exact answer of the numbers passed in, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workings.linear_model.certificate import not_proved, proved
from workings.linear_model.cholesky import CHOLESKY_LIMIT, factorise
from workings.linear_model.design import Design
from workings.linear_model.enclosure import Enclosure, enclose
from workings.linear_model.exact_gram import enclose_exactly
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import Reduction, numerical_rank, reduce_rows
from workings.linear_model.solution import Solution, Solver

METHODS = {
    "sliced residuals": "residuals from products of slices, which do not round",
    "exact Gram matrix": "the exact Gram matrix",
    "rational arithmetic": "rational numbers",
}
RESIDUAL_LIMIT = 3e3  # condition beyond which 80 bits seldom decide a rounding


@dataclass(frozen=True)
class Exact(Solver):
    """Solve so that every coefficient is the correct rounding of the exact least-squares answer, with a proof.

    Notes
    -----
    A Cholesky or QR factorisation serves as an approximate inverse. The answer is corrected by residuals whose error is
    bounded: from products of slices of the rows (`SlicedRows`), or, where those do not decide the rounding, from the
    exact Gram matrix. No digit of the answer depends on the order of rows, the number of threads or the library.

    Fails when columns depend on each other, outnumber the rows, or come so near to it (beyond a condition of about 1e13
    of the scaled columns) that no approximate inverse is found in double arithmetic; and for coefficients below the
    normal range of doubles.

    Cost: ``n p**2`` flops and about ``60 n p`` for condition numbers up to a few thousand; beyond, about ten times
    ``n p**2``. Memory of a few blocks of rows.
    """

    name: ClassVar[str] = "exact"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        solution = None if design.wide else attempt_exactly(design).solution
        if solution is None:
            raise ValueError(
                "There is no single exact answer, or none that can be proved: columns of X are dependent or nearly so, "
                "or there are more of them than rows. Use solver='auto', or look for columns that repeat or sum to one "
                "another."
            )
        if not solution.certificate.proved:
            raise ValueError(
                f"No proof was found: {solution.certificate.sentence} Use solver='auto' for what it leaves."
            )
        return solution


@dataclass(frozen=True)
class Attempt:
    """What came of trying to round correctly.

    Parameters
    ----------
    solution : Solution or None
        None where nothing could be proved.
    reduction : Reduction or None
    spectrum : ndarray or None
        Factorisation made on the way, for other solvers to go on with.
    """

    solution: Solution | None
    reduction: Reduction | None = None
    spectrum: Floats | None = None


def attempt_exactly(design: Design) -> Attempt:
    """Try to solve a design with at least as many rows as columns, correctly rounded.

    Parameters
    ----------
    design : Design

    Returns
    -------
    Attempt
    """
    factor = factorise(design.gram)  # OLS.7
    if factor is not None and factor.condition <= CHOLESKY_LIMIT:
        root, first = factor.inverse.T, factor.solve(design.cross)  # OLS.6
        enclosure = enclose(design, root, first, factor.condition) if factor.condition <= RESIDUAL_LIMIT else None
        if enclosure is None or not enclosure.decided:
            enclosure = enclose_exactly(design, root, first)
        if enclosure is not None:
            return Attempt(_solution(design, enclosure, factor.condition, factor.lower.T))
    reduction = reduce_rows(design)
    spectrum = np.linalg.svd(reduction.R, compute_uv=False)
    if numerical_rank(spectrum, design.n_rows) < len(design.active):
        return Attempt(None, reduction, spectrum)
    root = np.linalg.solve(reduction.R, np.eye(len(reduction.R)))
    enclosure = enclose_exactly(design, root, np.linalg.solve(reduction.R, reduction.C))  # OLS.10
    solution = None
    if enclosure is not None:
        solution = _solution(design, enclosure, float(spectrum[0] / spectrum[-1]), reduction.R)
    return Attempt(solution, reduction, spectrum)


def _underflows(values: Floats, scaled: Floats, dtype: np.dtype[Any]) -> bool:
    """Whether numbers that are not zero fall below the normal range of a type when they lose their scale."""
    return bool(((np.abs(values) < np.finfo(dtype).smallest_normal) & (scaled != 0.0)).any())


def _solution(design: Design, enclosure: Enclosure, condition: float, triangle: Floats) -> Solution:
    q, dtype = len(design.active), design.data[0].dtype
    coef, coef_low = design.unscaled(enclosure.values[:q]), design.unscaled(enclosure.low[:q])
    constant: Floats = np.zeros(design.n_targets)
    constant_low: Floats = constant
    if design.centred:
        constant = design.unscaled_targets(enclosure.values[-1])
        constant_low = design.unscaled_targets(enclosure.low[-1])
    if not enclosure.decided:
        certificate = not_proved(
            "The exact answer lies so near the middle between two doubles, or so near zero, that the bounds do not "
            f"decide how it rounds; relative to its size the error is at most {enclosure.relative_bound:.1g}."
        )
    elif not design.lossless:
        certificate = not_proved("The numbers span so many powers of two that scaling them loses digits.")
    elif _underflows(coef[design.active], enclosure.values[:q], dtype) or (
        design.centred and _underflows(constant, enclosure.values[-1], dtype)
    ):
        certificate = not_proved("Coefficients lie below the normal range of doubles, where digits are lost.")
    else:
        certificate = proved(enclosure.method, enclosure.relative_bound)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("factorisation", {"solver": Exact.name, "condition": condition, "rank": q})
    ]
    steps += [("refinement", {"correction": step, "precision": enclosure.method}) for step in enclosure.steps]
    return Solution(
        coef=coef,
        coef_low=coef_low,
        solver=Exact.name,
        reason=f"The columns are independent, with a condition number of at most {condition:.2g} when scaled to one "
        f"length; errors were bounded with {METHODS[enclosure.method]}.",
        condition=condition,
        rank=q,
        factor=triangle * design.lengths,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        certificate=certificate,
        intercept=constant,
        intercept_low=constant_low,
        steps=tuple(steps),
    )
