"""How far the features depend on each other: variance inflation, and Belsley's condition indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_array, check_sample_weight
from workings.linear_model.inference.decomposition import decompose
from workings.linear_model.inference.orthogonal import Columns, feature_labels, model_columns
from workings.linear_model.moments import Floats

LARGE_INDEX = 30.0
LARGE_SHARE = 0.5
"""Belsley (1991), section 5.2: a near dependency, and the coefficients it degrades."""


@dataclass(frozen=True)
class ConditionIndices:
    """Condition indices of a model's columns, and the shares of each coefficient's variance that they explain.

    Parameters
    ----------
    indices : ndarray of shape (r,)
        Largest singular value of the columns, scaled to length 1, divided by each of them; from 1 upwards, infinite
        for columns that depend on each other exactly.
    proportions : ndarray of shape (r, r)
        A row an index, a column a coefficient: the share of the coefficient's variance that belongs to the index.
        Each column sums to 1.
    coefficients : tuple of str
        What the columns of `proportions` belong to.
    centred : bool
        Whether the columns were taken as deviations from their means.
    dependencies : tuple of tuple of str
        Groups of coefficients whose columns depend on each other exactly; empty as a rule.

    Notes
    -----
    An index of 30 to 100 goes with moderate to strong dependencies. Uncentred columns, with the intercept's, show
    what the coefficients suffer from, offsets included; centred ones show the features' relations with each other.

    Fails when two near dependencies have indices of one size: their shares mix, and only their sum has a meaning.
    Source: D. A. Belsley, Conditioning Diagnostics (1991), sections 3.2 and 5.2.
    """

    indices: Floats
    proportions: Floats = field(repr=False)
    coefficients: tuple[str, ...]
    centred: bool
    dependencies: tuple[tuple[str, ...], ...]

    def frame(self) -> pd.DataFrame:
        """Return a row for each index: the index, then the share of each coefficient's variance.

        Returns
        -------
        DataFrame
        """
        frame = pd.DataFrame(self.proportions, columns=list(self.coefficients))
        frame.insert(0, "condition_index", self.indices, allow_duplicates=True)
        return frame

    @property
    def sentences(self) -> tuple[str, ...]:
        """Dependencies in words: the exact ones, and indices of at least 30 with over half the variance of two."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        for group in self.dependencies:
            yield f"Condition index infinite: {_listed(group)} depend on each other exactly."
        competing = False
        for index, shares in zip(self.indices[::-1], self.proportions[::-1], strict=True):
            if LARGE_INDEX <= index < np.inf:
                named = self._named(shares)
                if len(named) >= 2:
                    yield f"Condition index {index:.4g}: {_listed(named)} nearly depend on each other."
                competing |= len(named) < 2
        if competing:
            large = self.indices >= LARGE_INDEX
            named = self._named(self.proportions[large].sum(axis=0))
            yield (
                f"{np.sum(large)} condition indices are {LARGE_INDEX:.0f} or more, and not each has two coefficients "
                f"of its own; together they have more than half of the variance of {_listed(named)}."
            )

    def _named(self, shares: Floats) -> list[str]:
        return [name for name, share in zip(self.coefficients, shares, strict=True) if share > LARGE_SHARE]


@dataclass(frozen=True)
class Collinearity:
    """How far the features of a model depend on each other.

    Parameters
    ----------
    variance_inflation : ndarray of shape (p,)
        As `variance_inflation` returns it.
    uncentred : ConditionIndices
        Of the columns as they are, with the intercept's.
    centred : ConditionIndices or None
        Of the deviations from the means; None for a model without an intercept.
    features : tuple of str
        Names of the features.
    constant : tuple of str
        Features that are constant (without an intercept: zero), which the fit gives the coefficient 0. They are left
        out of the condition indices; their variance inflation is infinite.
    """

    variance_inflation: Floats
    uncentred: ConditionIndices
    centred: ConditionIndices | None
    features: tuple[str, ...]
    constant: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """Return a row for each feature, with its variance inflation.

        Returns
        -------
        DataFrame
        """
        return pd.DataFrame({"variance_inflation": self.variance_inflation}, index=pd.Index(self.features))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What depends on what, in words; empty where nothing does. See `ConditionIndices.sentences`."""
        constant = tuple(
            f"{name} is constant: its coefficient is 0, and it has no part here." for name in self.constant
        )
        centred = () if self.centred is None else tuple(f"Centred: {s}" for s in self.centred.sentences)
        return constant + self.uncentred.sentences + centred


def variance_inflation(X: Any, weights: Any = None, *, fit_intercept: bool = True) -> Floats:
    """Return the variance inflation factor of each feature.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n, p)
        Features.
    weights : array-like of shape (n,) or number, optional
        Non-negative, as in the fit.
    fit_intercept : bool, default=True
        Whether the model has an intercept: deviations from the means are compared then, else the features themselves.

    Returns
    -------
    ndarray of shape (p,)
        ``1 / (1 - R²)`` of each feature regressed on the others: how many times the variance of its coefficient is
        that of a feature independent of them. 1 at least; infinite where the others determine it, as the intercept
        does a constant feature.

    Notes
    -----
    The diagonal of the inverse of the correlation matrix, as squared lengths of the rows of the inverse of a triangle;
    neither the matrix nor R², which loses the digits that it shares with 1, is formed. Neither offsets nor units nor
    the size of the inflation cost digits.

    Fails when features depend on each other up to rounding of the data: only those that do to the last bits, beyond a
    condition number of about 1e15, count as dependent.
    Cost: about ``26 n p**2 + 40 p**3`` flops; about five arrays of the size of X.
    Source: D. W. Marquardt, "Generalized inverses, ridge regression, biased linear estimation, and nonlinear
    estimation", Technometrics 12 (1970), section 6.

    Examples
    --------
    >>> variance_inflation([[1.0, 1.0], [2.0, 1.0], [3.0, 3.0], [4.0, 3.0]]).round(3)
    array([5., 5.])
    """
    return _inflation(_columns(X, weights, fit_intercept))


def condition_indices(
    X: Any, weights: Any = None, *, centred: bool = False, fit_intercept: bool = True
) -> ConditionIndices:
    """Return Belsley's condition indices with the proportions of the coefficients' variances.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n, p)
        Features.
    weights : array-like of shape (n,) or number, optional
        Non-negative, as in the fit.
    centred : bool, default=False
        Compare deviations from the means instead of the columns as they are, the intercept's among them.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    ConditionIndices

    Raises
    ------
    ValueError
        If `centred` without an intercept, which does no centring.

    Notes
    -----
    The dependencies that are named, and the thresholds, are in `ConditionIndices.sentences`.

    Fails when features depend on each other up to rounding of the data, as `variance_inflation` does.
    Cost: about ``26 n p**2 + 40 p**3`` flops; about five arrays of the size of X.
    Source: D. A. Belsley, E. Kuh and R. E. Welsch, Regression Diagnostics (1980), section 3.2.
    """
    if centred and not fit_intercept:
        raise ValueError("A model without an intercept does not centre its columns: use centred=False.")
    columns = _columns(X, weights, fit_intercept)
    return _indices(columns, feature_labels(X, columns.n_features), centred=centred)


def collinearity(X: Any, weights: Any = None, *, fit_intercept: bool = True) -> Collinearity:
    """Return variance inflation and condition indices together, from one factorisation.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n, p)
        Features.
    weights : array-like of shape (n,) or number, optional
        Non-negative, as in the fit.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    Collinearity

    Notes
    -----
    Fails when features depend on each other up to rounding of the data, as `variance_inflation` does.
    Cost: about ``80 n p**2 + 120 p**3`` flops; about five arrays of the size of X.

    Examples
    --------
    >>> found = collinearity([[1.0, 3.0], [2.0, 1.0], [3.0, 2.0], [4.0, 7.0]])
    >>> found.frame().round(3)
        variance_inflation
    x0               1.687
    x1               1.687
    >>> collinearity([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]]).sentences[0]
    'Condition index infinite: x0 and x1 depend on each other exactly.'
    """
    columns = _columns(X, weights, fit_intercept)
    names = feature_labels(X, columns.n_features)
    varying = set(columns.active.tolist())
    return Collinearity(
        variance_inflation=_inflation(columns),
        uncentred=_indices(columns, names, centred=False),
        centred=_indices(columns, names, centred=True) if fit_intercept else None,
        features=tuple(names),
        constant=tuple(name for j, name in enumerate(names) if j not in varying),
    )


def _columns(X: Any, weights: Any, fit_intercept: bool) -> Columns:
    array = check_array(X)
    if weights is not None:
        weights = check_sample_weight(weights, array)
    return model_columns(array, weights, fit_intercept=fit_intercept)


def _inflation(columns: Columns) -> Floats:
    inflation = np.full(columns.n_features, np.inf)
    inflation[columns.active] = decompose(columns, centred=True).variances.sum(axis=0)
    return inflation


def _indices(columns: Columns, names: Sequence[str], *, centred: bool) -> ConditionIndices:
    coefficients = ("intercept",) * (columns.intercept and not centred) + tuple(
        names[j] for j in columns.active.tolist()
    )
    decomposition = decompose(columns, centred=centred)
    dependencies = tuple(tuple(coefficients[j] for j in group) for group in decomposition.groups)
    return ConditionIndices(decomposition.indices, decomposition.proportions, coefficients, centred, dependencies)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
