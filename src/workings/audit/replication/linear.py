r"""Least squares: predictions, and coefficients against the exact answer along every direction of the data.

Write A for the centred, weighted X with columns divided by their lengths d, b for y treated alike, z for coefficients
times d. A least-squares program that is stable solves exactly a problem whose entries differ from A and b by a few
roundings, so what such roundings do to the answer is what it may be off by. This is measured: the problem is solved by
a plain singular value decomposition after shuffling its rows and changing each entry by one rounding, L is the largest
distance from the exact answer over a few draws, and

.. math::  T = \frac{\gamma(m)}{u} \max(L, u \|z\|).

For a single coefficient m is the number np of all entries, as if their roundings conspired. Where columns nearly depend
on each other, T is large along the directions that the data do not determine, and small along all others. The distance
of the model from the exact answer is therefore measured along the right singular vectors of A, too, each with a T of
its own: a changed coefficient shows along the directions that are determined well. There m is the number of roundings
that one entry takes part in, some thirty a column: the draws have all entries round at once already.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic import exact_sums
from workings.arithmetic.accumulation import accumulated
from workings.audit.replication.certificate import Check, failed, judged, not_applicable
from workings.audit.replication.lsqr import iterates
from workings.audit.replication.reading import Reading, parameters_of
from workings.audit.replication.rounding import compared, rounded_once, unit_roundoff
from workings.base import is_sparse
from workings.linear_model import LinearRegression

Floats = npt.NDArray[np.float64]
DRAWS = 4
ROUNDINGS_A_COLUMN = 30  # of an entry, by a factorisation, the products before it and the substitution after it
SPREAD = 8.0  # of the error of a mean, from one order of its rows to another
ONE_ANSWER = ("auto", "exact", "normal", "qr", "svd", "dual")
REPLAYED = 1e-8  # relative; rounding of a few dozen steps of LSQR against a coefficient changed by 1e-6


def linear_checks(reading: Reading, X: Any, y: Any, sample_weight: Floats | None) -> list[Check]:
    """Check a fitted linear regression.

    Parameters
    ----------
    reading : Reading
    X : ndarray or sparse matrix of shape (n, p)
        As it reached the model.
    y : ndarray of shape (n,) or (n, k), optional
    sample_weight : ndarray of shape (n,), optional

    Returns
    -------
    list of Check
    """
    model = reading.final
    checks = [_predictions(model, X)]
    if y is None:
        return checks
    coef = np.atleast_2d(model.coef_)
    dense = np.asarray(X.toarray() if is_sparse(X) else X)
    # scikit-learn, too, brings y to the type of X before it begins
    targets = np.asarray(y, dtype=np.float64).astype(dense.dtype).reshape(len(dense), -1)
    if coef.shape != (targets.shape[1], dense.shape[1]):
        wanted = f"{targets.shape[1]} targets by {dense.shape[1]} columns"
        return [*checks, failed("shape of the coefficients", f"They are {coef.shape}, the data {wanted}.")]
    if reading.own:
        checks.append(_refit(model, X, y, sample_weight))
    if reading.own and model.solver not in ONE_ANSWER:
        reason = "This solver does not end at the exact answer of the data as doubles; the refit stands for it."
        return [*checks, not_applicable("normal equations", reason), _intercept(model, dense, targets, sample_weight)]
    if is_sparse(X) and not reading.own:
        checks += _lsqr_replay(model, X, targets, sample_weight)
    else:
        for k in range(targets.shape[1]):
            label = f" of target {k}" if targets.shape[1] > 1 else ""
            checks += _optimality(model, coef[k], dense, targets[:, k], sample_weight, label)
    return [*checks, _intercept(model, dense, targets, sample_weight)]


def _predictions(model: Any, X: Any) -> Check:
    coef, intercept = np.atleast_2d(model.coef_), np.ravel(model.intercept_)
    theirs = np.asarray(model.predict(X), dtype=np.float64).reshape(X.shape[0], -1)
    ours = np.asarray(X @ coef.astype(np.float64).T) + intercept.astype(np.float64)
    unit = unit_roundoff(np.result_type(X.dtype, coef.dtype))
    size = np.asarray(abs(X) @ np.abs(coef).astype(np.float64).T) + np.abs(intercept)
    reason = f"Products and sums of {X.shape[1] + 1} terms round on both sides."
    return judged("predictions", np.abs(ours - theirs), 2.0 * accumulated(X.shape[1] + 2, unit) * size, reason)


def _refit(model: Any, X: Any, y: Any, sample_weight: Floats | None) -> Check:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = type(model)(**parameters_of(model)).fit(X, y, sample_weight=sample_weight)
    ours = [np.ravel(again.coef_), np.ravel(again.intercept_)]
    theirs = [np.ravel(model.coef_), np.ravel(model.intercept_)]
    tolerances = [1e-9 * np.abs(part).max(initial=0.0) for part in ours]
    return compared("parameters of a refit", ours, theirs, tolerances, "The same arithmetic on another machine.")


@dataclass(frozen=True)
class _Frame:
    """A problem in centred, weighted, scaled units."""

    A: npt.NDArray[Any]
    b: npt.NDArray[Any]
    lengths: Floats
    directions: Floats
    unit: float


def _framed(X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None, *, centred: bool) -> _Frame:
    A, b = _centred(X, y, weight, centred=centred)
    lengths: Floats = np.linalg.norm(A.astype(np.float64), axis=0)
    raw = np.linalg.norm(X.astype(np.float64), axis=0)
    unit = unit_roundoff(X.dtype)
    flat = lengths <= accumulated(len(X), unit) * raw
    lengths = np.where(flat, np.where(raw > 0, raw, 1.0), lengths)
    triangle = np.linalg.qr(np.where(flat, 0.0, A) / lengths, mode="r")
    directions = np.linalg.svd(triangle, full_matrices=True)[2]
    return _Frame(A, b, lengths, directions, unit)


def _centred(
    X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None, *, centred: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return X and y as a least-squares program in their own type sees them."""
    if centred:
        X, y = X - _mean(X, weight), y - _mean(y, weight)
    if weight is None:
        return X, y
    roots = np.sqrt(weight).astype(X.dtype)
    return X * roots[:, None], y * roots


def _mean(values: npt.NDArray[Any], weight: Floats | None) -> npt.NDArray[Any]:
    return np.asarray(np.average(values, axis=0, weights=weight)).astype(values.dtype)


def _optimality(
    model: Any, coef: npt.NDArray[Any], X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None, label: str
) -> list[Check]:
    positive = bool(getattr(model, "positive", False))
    support = coef > 0 if positive else np.ones(len(coef), dtype=bool)
    checks = []
    if positive:
        checks.append(_signs(model, coef, X, y, weight, label))
        if not support.any():
            return checks
    frame = _framed(X[:, support], y, weight, centred=model.fit_intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = LinearRegression(fit_intercept=model.fit_intercept).fit(
            X[:, support].astype(np.float64), y.astype(np.float64), sample_weight=weight
        )
    solution = exact.solution_
    reference = np.asarray(solution.coef[:, 0], dtype=np.float64)
    error = (coef[support].astype(np.float64) - reference) - solution.coef_low[:, 0]
    drawn = _drawn(X[:, support], y, weight, reference, solution.rank, centred=model.fit_intercept)
    lengths, V = frame.lengths, frame.directions
    factor = accumulated(frame.A.size, 1.0)
    floor = frame.unit * float(np.linalg.norm(reference * lengths))
    scale = max(float(np.linalg.norm(frame.b.astype(np.float64))), floor, np.finfo(np.float64).tiny)
    steps = factor * np.maximum(np.abs(drawn).max(axis=0), floor / lengths)
    each = accumulated(ROUNDINGS_A_COLUMN * (len(lengths) + 1), 1.0)
    along = each * np.maximum(np.abs((drawn * lengths) @ V.T).max(axis=0), floor)
    if solution.certificate.proved:
        answer = "the exact answer"
    else:
        answer = "the answer of least norm" if solution.rank < support.sum() else "an orthogonal factorisation"
    measured = (
        f"One rounding of each entry moves a plain solver's answer; {factor:.0f} of them are allowed for a "
        f"coefficient, {each:.0f} along a direction, at a condition number of {solution.condition:.2g} and "
        f"rank {solution.rank}."
    )
    rank = getattr(model, "rank_", solution.rank)
    if rank < solution.rank and not positive:
        measured += f" The model kept {rank} of {solution.rank} independent directions: its solver dropped the others."
    return [
        *checks,
        judged(f"coefficients{label} against {answer}", np.abs(error), steps, measured),
        judged(
            f"coefficients{label} along the directions that the data determine (relative to y)",
            np.abs(V @ (error * lengths)) / scale,
            along / scale,
            measured,
        ),
        _normal_equations(frame, coef[support], drawn, factor, label),
    ]


def _drawn(
    X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None, exact: Floats, rank: int, *, centred: bool
) -> Floats:
    """Return the errors of a plain solver on shuffled rows whose entries are rounded once more, (draws, p)."""
    errors = []
    for draw in range(DRAWS):
        rng = np.random.RandomState(draw)
        order = rng.permutation(len(X))
        shuffled = None if weight is None else weight[order]
        A, b = _centred(X[order], y[order], shuffled, centred=centred)
        U, spectrum, Vt = np.linalg.svd(rounded_once(A, rng), full_matrices=False)
        kept = slice(0, min(rank, int(np.count_nonzero(spectrum))))
        answer = Vt[kept].T @ ((U[:, kept].T @ rounded_once(b, rng)) / spectrum[kept])
        errors.append(answer.astype(np.float64) - exact)
    return np.array(errors)


def _normal_equations(frame: _Frame, coef: npt.NDArray[Any], drawn: Floats, factor: float, label: str) -> Check:
    """Check that no column has a product with the residual: the cosine of each with it."""
    A = frame.A.astype(np.float64) / frame.lengths
    b, z = frame.b.astype(np.float64), coef.astype(np.float64) * frame.lengths
    residual = b - A @ z
    cosine = np.abs(A.T @ residual)
    moved = np.abs(A.T @ (A @ (drawn * frame.lengths).T)).max(axis=1)
    terms = np.linalg.norm(np.abs(A) @ np.abs(z) + np.abs(b))
    rounding = accumulated(A.size, frame.unit) * terms
    size = max(float(np.linalg.norm(residual)), rounding, np.finfo(np.float64).tiny)
    reason = "What those roundings leave of the products of columns and residual, and the rounding of the residual."
    return judged(f"normal equations{label}", cosine / size, (factor * moved + rounding) / size, reason)


def _signs(
    model: Any, coef: npt.NDArray[Any], X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None, label: str
) -> Check:
    """Check the conditions of Karush, Kuhn and Tucker off the support: no column would enter with a positive sign."""
    frame = _framed(X, y, weight, centred=model.fit_intercept)
    A, b = frame.A.astype(np.float64) / frame.lengths, frame.b.astype(np.float64)
    z = coef.astype(np.float64) * frame.lengths
    residual = b - A @ z
    off = coef <= 0
    excess = np.maximum(A[:, off].T @ residual, 0.0) + np.where(coef[off] < 0, np.inf, 0.0)
    terms = float(np.linalg.norm(np.abs(A) @ np.abs(z) + np.abs(b)))
    reason = "Rounding of the products of columns and residual; a larger one would have entered."
    return judged(f"columns left out{label}", excess, accumulated(A.size, frame.unit) * terms, reason)


def _intercept(model: Any, X: npt.NDArray[Any], y: npt.NDArray[Any], weight: Floats | None) -> Check:
    """Check the intercept against the means of the data and the model's own coefficients (OLS.5)."""
    coef, intercept = np.atleast_2d(model.coef_).astype(np.float64), np.ravel(model.intercept_).astype(np.float64)
    if not model.fit_intercept:
        return judged("intercept", np.abs(intercept), 0.0, "A model without an intercept has none.")
    weights = np.ones(len(X)) if weight is None else weight
    total = sum(exact_sums(weights[:, None]))
    x_mean, y_mean = (
        np.array([float(s / total) for s in exact_sums(part.astype(np.float64), weights)]) for part in (X, y)
    )
    expected = y_mean - coef @ x_mean
    drawn = 0.0
    for draw in range(DRAWS):
        order = np.random.RandomState(draw).permutation(len(X))
        shuffled = None if weight is None else weight[order]
        x_off, y_off = _mean(X[order], shuffled) - x_mean, _mean(y[order], shuffled) - y_mean
        drawn = np.maximum(drawn, np.abs(coef) @ np.abs(x_off) + np.abs(y_off))
    sums = accumulated(X.shape[1] + 4, unit_roundoff(X.dtype)) * (np.abs(coef) @ np.abs(x_mean) + np.abs(y_mean))
    reason = (
        f"Means of {len(X)} rows round as they do in {DRAWS} other orders (up to {SPREAD:.0f} times as much), and so "
        f"does the sum of {X.shape[1]} products of means and coefficients."
    )
    return judged("intercept", np.abs(intercept - expected), SPREAD * drawn + sums, reason)


def _lsqr_replay(model: Any, X: Any, y: npt.NDArray[Any], weight: Floats | None) -> list[Check]:
    checks = []
    for k, coef in enumerate(np.atleast_2d(model.coef_)):
        label = f" of target {k}" if y.shape[1] > 1 else ""
        best, residual, step = np.inf, np.nan, 0
        for number, (candidate, ratio) in enumerate(iterates(X, y[:, k], weight, centred=model.fit_intercept)):
            scale = float(np.abs(coef).max(initial=0.0)) or 1.0
            apart = float(np.abs(candidate - coef).max(initial=0.0)) / scale
            if apart < best:
                best, residual, step = apart, ratio, number
        checks.append(
            judged(
                f"coefficients{label} against a replay of the iteration (LSQR), step {step}",
                best,
                REPLAYED,
                "scikit-learn solves sparse data by iteration; half the digits are left to the rounding of its steps.",
            )
        )
        checks.append(
            judged(
                f"normal equations{label}",
                residual,
                max(float(model.tol), accumulated(X.shape[0])),
                f"The iteration stops where column products fall to tol={model.tol:g} of their bound: so exact, and "
                "no more exact, are the coefficients.",
            )
        )
    return checks
