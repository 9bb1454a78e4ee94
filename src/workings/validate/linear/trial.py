"""One configuration on one data set: our fit, scikit-learn's two, and the exact answer that judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.linear_model

from workings.arithmetic.rational import ExactFit, least_squares
from workings.linear_model import LinearRegression
from workings.validate import nist
from workings.validate.bounds import LeastSquaresBounds, Problem, promise
from workings.validate.compare import COUNTS, Promise
from workings.validate.datasets import Dataset
from workings.validate.exact import correct_digits, nonnegative_least_squares, score

Floats = npt.NDArray[np.float64]
DEFAULT, UNCUT = "scikit-learn", "scikit-learn tol=0"
CERTIFIED = (
    "The solution's certificate says that this is the correct rounding of the exact answer: the same bits, and nothing "
    "else is accepted."
)


@dataclass(frozen=True)
class Case:
    """One configuration on one data set.

    Parameters
    ----------
    data : Dataset
    parameters : mapping
        Arguments of the constructor, for both sides.
    sample_weight : ndarray of shape (n,), optional
    certified : CertifiedSet, optional
        NIST's values.
    """

    data: Dataset
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sample_weight: Floats | None = None
    certified: nist.CertifiedSet | None = None

    @property
    def configuration(self) -> str:
        """The constructor call that both sides received."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        weighted = ".fit(X, y, sample_weight)" if self.sample_weight is not None else ""
        return f"LinearRegression({arguments}){weighted}"

    @property
    def fit_intercept(self) -> bool:
        """Whether the model has a constant term."""
        return bool(self.parameters.get("fit_intercept", True))

    @property
    def positive(self) -> bool:
        """Whether coefficients must not be negative."""
        return bool(self.parameters.get("positive", False))


class Trial:
    """The fits of one case and what decides between them.

    Parameters
    ----------
    case : Case

    Attributes
    ----------
    ours : LinearRegression
    references : dict of str to sklearn.linear_model.LinearRegression
        With its default ``tol``, and with ``tol=0`` (which a non-negative fit does not read).
    exact : ExactFit
    problem : Problem
        The problem on the columns that the exact answer uses.
    bounds : LeastSquaresBounds
        Of one backward stable side.
    proved : bool
        Whether our solution's certificate says that coefficients and intercept are correctly rounded.
    own : LeastSquaresBounds
        Of ours: one rounding where that is proved, else `bounds`.
    truth : dict of str to ndarray
        The exact answer, correctly rounded, by quantity.
    """

    def __init__(self, case: Case) -> None:
        X, y, weight = case.data.X, case.data.y.astype(np.float64), case.sample_weight
        self.case, self.X, self.y = case, X, y
        theirs = sklearn.linear_model.LinearRegression
        self.ours = LinearRegression(**case.parameters).fit(X, y, weight)
        self.references = {DEFAULT: theirs(**case.parameters).fit(X, y, weight)}
        if case.positive:
            self.exact = nonnegative_least_squares(X, y, fit_intercept=case.fit_intercept)
        else:
            self.references[UNCUT] = theirs(tol=0, **case.parameters).fit(X, y, weight)
            self.exact = least_squares(X, y, fit_intercept=case.fit_intercept, sample_weight=weight)
        used = self.exact.coef_ > 0 if case.positive else np.ones(X.shape[1], dtype=bool)
        self.problem = Problem(X[:, used], y, _restricted(self.exact, used), case.fit_intercept, weight)
        self.bounds = LeastSquaresBounds(self.problem)
        self.proved = self.ours.solution_.certificate.proved
        self.own = LeastSquaresBounds(self.problem, rounded=True) if self.proved else self.bounds
        self.truth: dict[str, npt.NDArray[Any]] = {
            "coef_": self.exact.coef_,
            "intercept_": self.exact.intercept_ if case.fit_intercept else np.asarray(0.0),
            "predict": self.exact.predict(X),
            "score": np.asarray(score(self.exact, X, y, weight)),
            "rank_": np.asarray(self.exact.rank),
        }

    def value(self, model: Any, quantity: str) -> npt.NDArray[Any]:
        """One quantity of a fitted model."""
        if quantity == "predict":
            return np.asarray(model.predict(self.X))
        if quantity == "score":
            return np.asarray(model.score(self.X, self.y, self.case.sample_weight))
        return np.asarray(getattr(model, quantity))

    def digits(self, coef: npt.ArrayLike) -> float:
        """Correct digits of the worst coefficient."""
        return correct_digits(coef, [value for row in self.exact.coef for value in row])

    def promise(self, quantity: str, *sides: LeastSquaresBounds) -> Promise:
        """Return the tolerance for a quantity whose errors are those of the given sides."""
        if quantity in ("rank_", "n_features_in_"):
            return Promise(0.0, COUNTS)
        magnitude = float(np.abs(self.truth[quantity]).max()) if quantity in self.truth else 1.0
        return promise(quantity, magnitude, sides)

    def exact_promise(self, quantity: str) -> Promise:
        """Return the tolerance for ours beside the exact answer: the same bits where the certificate says so."""
        if self.proved and quantity in ("coef_", "intercept_"):
            return Promise(0.0, CERTIFIED)
        return self.promise(quantity, self.own)

    def is_right(
        self, quantity: str, value: npt.NDArray[Any], other: npt.NDArray[Any], bounds: LeastSquaresBounds
    ) -> bool:
        """Whether a value is within its own bound of the exact answer, and nearer to it than another value."""
        truth = self.truth[quantity]
        if not value.shape == other.shape == truth.shape:
            return False
        error, others = np.abs(value - truth).max(), np.abs(other - truth).max()
        allowed = self.promise(quantity, bounds).tolerance * (float(np.abs(truth).max()) or 1.0)
        return bool(error <= allowed and error < others)

    def judge(self, quantity: str, reference: str) -> str:
        """Say who is right where two differ: ours if it is the nearer, within its bound; else nobody is shown to be."""
        theirs = self.references[reference]
        if quantity not in self.truth:
            return ""
        if not self.is_right(quantity, self.value(self.ours, quantity), self.value(theirs, quantity), self.own):
            return ""
        lost = self.exact.rank - int(theirs.rank_)
        if lost:
            cause = (
                f"scikit-learn's cut-off dropped {lost} of {self.exact.rank} independent directions, without a warning"
            )
        else:
            cause = (
                "scikit-learn solves the columns in their own units, where the condition number is "
                f"{own_units_condition(self.problem):.1e}; scaled to one length it is {self.bounds.condition:.1e}"
            )
        return (
            f"ours: {self.digits(self.ours.coef_):.1f} correct digits in the coefficients against "
            f"{self.digits(theirs.coef_):.1f} of {reference}, by exact rational arithmetic; {cause}."
        )


def own_units_condition(problem: Problem) -> float:
    """Condition number of the centred columns in their own units."""
    if not problem.fit_intercept:
        return float(np.linalg.cond(problem.X))
    return float(np.linalg.cond(problem.X - np.average(problem.X, axis=0, weights=problem.sample_weight)))


def _restricted(exact: ExactFit, used: npt.NDArray[np.bool_]) -> ExactFit:
    """Return the exact answer on the columns that it uses."""
    coef = tuple(tuple(value for value, keep in zip(row, used, strict=True) if keep) for row in exact.coef)
    return replace(exact, coef=coef, shape=(*exact.shape[:-1], int(used.sum())))
