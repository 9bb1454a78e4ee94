"""`LinearRegression`: ordinary least squares with scikit-learn's face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from workings.arithmetic.rounding import rounded
from workings.base import (
    Constraint,
    Estimator,
    Instance,
    Interval,
    Options,
    PrecisionWarning,
    Regressor,
    check_is_fitted,
    check_sample_weight,
    check_X,
    check_X_y,
    is_sparse,
    warn,
)
from workings.linear_model.choice import SOLVERS
from workings.linear_model.design import Design
from workings.linear_model.inference import Inference, infer
from workings.linear_model.moments import Floats
from workings.linear_model.nonnegative import NonNegative
from workings.linear_model.solution import Solution, Solver
from workings.linear_model.sparse import SparseDesign
from workings.linear_model.svd import SVD
from workings.recording import Recorder, start_recording


class LinearRegression(Regressor, Estimator):
    """Ordinary least squares: the coefficients that minimise the sum of squared residuals.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether the model has a constant term. Without one, the data are used as they are.
    copy_X : bool, default=True
        Accepted for compatibility. If false, a float64 X is left holding its centred, weighted rows, as scikit-learn
        leaves it; that saves nothing.
    tol : float, optional
        Drop the directions of a dense, centred X whose singular value is at most `tol` times the largest. The
        default drops no direction but those that are dependent to the last bit; scikit-learn's default of 1e-6 drops,
        without a warning, a feature whose scale is a millionth of another's. A sparse X with the solver
        ``"auto"`` and ``positive=True`` are solved directly, so there is nothing for `tol` to stop; it is
        ignored.
    n_jobs : int, optional
        Accepted for compatibility; all targets are solved together.
    positive : bool, default=False
        Require all coefficients to be at least zero. Dense X only.
    solver : str or Solver, default="auto"
        ``"auto"`` proves every digit where there is one right answer, and says in ``solution_.certificate`` what it
        proved; ``"normal"`` is the fast way without a proof; ``"exact"`` fails rather than prove nothing;
        ``"decimal"`` reads floats as the decimals they were written as; ``"qr"``, ``"svd"`` and ``"dual"`` are the
        other direct ways; ``"gradient_descent"``, ``"stochastic"``, ``"heavy_ball"``, ``"nesterov"`` and
        ``"conjugate_gradients"`` descend. An object, such as ``Nesterov(rate=0.1)``, sets what a name leaves to the
        defaults.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the type of X; exactly 0 for a constant feature. Among all that fit equally well, those of
        least norm.
    intercept_ : float or ndarray of shape (n_targets,)
        Constant term; 0.0 without one.
    rank_ : int
        Number of independent directions in the centred X that the fit used. Not there for ``positive=True``.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred, weighted X, largest first, 0 for directions that rounding alone explains.
        Computed when first asked for; relative error about ``cond**2 * 1e-16`` after the normal equations. Not there
        for ``positive=True``.
    solution_ : Solution
        What the solver reports: its certificate, its name, its reason, condition number, rank and corrections.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has names that are all strings.

    Notes
    -----
    Solves the normal equations of the centred data, ``X'X b = X'y`` (OLS.6); the intercept is the mean of y less the
    means of X times b (OLS.5). By default, for independent columns up to a condition number of 1e12 and beyond, every
    coefficient and the intercept are the correct rounding of the exact least-squares answer of the numbers passed in,
    so that they do not depend on the order of rows, the number of threads or the machine.

    Fails when features depend on each other, outnumber the rows, or nearly so: a `PrecisionWarning` then says that
    nothing is proved. And however exact the arithmetic: with a condition number k (``solution_.condition``), changing
    the last digit of the data changes about ``log10(k)`` of the 16 digits of the coefficients.

    Cost: ``n p**2`` flops and about ``60 n p`` for the proof, with some blocks of rows beside X; ten times that where
    the condition number passes some thousands; for p > n, ``n**2 p`` flops and a copy of X.
    Source: Å. Björck, Numerical Methods for Least Squares Problems (1996).

    Examples
    --------
    >>> import numpy as np
    >>> from workings.linear_model import LinearRegression
    >>> X = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])
    >>> model = LinearRegression().fit(X, X @ [1.0, 2.0] + 3.0)
    >>> model.coef_.round(12)
    array([1., 2.])
    >>> float(round(model.intercept_, 12))
    3.0
    >>> model.solution_.certificate.proved
    True
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_jobs": [None, Interval(Integral, None, None, closed="neither")],
        "positive": ["boolean"],
        "solver": [Options(SOLVERS), Instance(Solver)],
    }

    coef_: npt.NDArray[np.floating[Any]]
    intercept_: Any
    solution_: Solution

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float | None = None,
        n_jobs: int | None = None,
        positive: bool = False,
        solver: str | Solver = "auto",
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.solver = solver

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the coefficients and the intercept.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Features; float32 stays float32 in the coefficients, everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,) or number, optional
            Non-negative; a weight of 2 equals the row twice, a weight of 0 its absence.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For data that are not finite numbers of matching shapes, for a solver that cannot solve the problem, and
            where coefficients are too large for the type of X.
        """
        self._check_parameters()
        recorder = start_recording(self)
        X, y = check_X_y(
            self,
            X,
            y,
            accept_sparse=not self.positive,
            multi_output=True,
            y_numeric=True,
            finite=sample_weight is not None,  # `Design` looks, but for rows of weight zero
        )
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X, dtype=np.float64, non_negative=True)
        targets = np.asarray(y, dtype=None if y.dtype == np.float32 else np.float64).reshape(len(y), -1)
        design: Design
        if is_sparse(X):
            design = SparseDesign(X, targets, weights, centred=self.fit_intercept)
        else:
            design = Design(X, targets, weights, centred=self.fit_intercept)
        solver = self._chosen_solver(is_sparse(X))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            solution = solver.solve(design)
        coef = _finite(np.ascontiguousarray(rounded(solution.coef, solution.coef_low, X.dtype).T))
        intercept = _finite(rounded(*design.intercept(solution), X.dtype))
        self.solution_ = solution
        self.coef_ = coef[0] if y.ndim == 1 else coef
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = intercept[0] if y.ndim == 1 else intercept
        if recorder is not None:
            _write(recorder, solution, design)
        if not self.copy_X:
            design.overwrite()
        if solver.promises_proof and not solution.certificate.proved:
            warn(PrecisionWarning, solution.certificate.sentence)
        return self

    def inference(self, X: Any, y: Any, sample_weight: Any = None) -> Inference:
        """Return standard errors, tests, intervals, diagnostics and measures of fit.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The features that the model was fitted on.
        y : array-like of shape (n_samples,) or (n_samples, 1)
            The target that it was fitted on.
        sample_weight : array-like of shape (n_samples,) or number, optional
            The weights that it was fitted with: inverse variances of the errors, up to a factor.

        Returns
        -------
        Inference
            With the intercept first; ``print(inference.summary())`` shows the table.

        Raises
        ------
        ValueError
            If the data are not those of the fit, for several targets, after ``positive=True``, and where columns
            depend on each other.
        """
        return infer(self, X, y, sample_weight)

    def predict(self, X: Any) -> npt.NDArray[np.floating[Any]]:
        """Return the values on the fitted plane.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        X = check_X(self, X, reset=False, accept_sparse=True)
        predictions: npt.NDArray[np.floating[Any]] = X @ self.coef_.T + self.intercept_  # OLS.1
        return predictions

    @property
    def rank_(self) -> int:
        """Number of independent directions that the fit used."""
        return self._unconstrained_solution("rank_").rank

    @property
    def singular_(self) -> Floats:
        """Singular values of the centred, weighted X, largest first."""
        return self._unconstrained_solution("singular_").singular_values

    def _unconstrained_solution(self, attribute: str) -> Solution:
        solution: Solution | None = vars(self).get("solution_")
        if solution is None or solution.solver == NonNegative.name:
            raise AttributeError(f"{attribute!r} exists after a fit with positive=False only.")
        return solution

    def _chosen_solver(self, sparse: bool) -> Solver:
        if self.positive:
            if self.solver != "auto":
                raise ValueError(f"positive=True has a solver of its own; leave solver='auto', not {self.solver!r}.")
            return NonNegative()
        if self.tol is not None and not (sparse and self.solver == "auto"):
            if self.solver not in ("auto", "svd"):
                raise ValueError(
                    f"tol cuts singular values, which solver={self.solver!r} does not compute; use solver='svd' or "
                    "'auto', or tol=None."
                )
            return SVD(tol=self.tol)
        return SOLVERS[self.solver] if isinstance(self.solver, str) else self.solver

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def _finite(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if np.isfinite(values).all():
        return values
    raise ValueError(
        f"The coefficients are too large for {values.dtype}: bring X and y to comparable units (divide large columns, "
        "or use float64)."
    )


def _write(recorder: Recorder, solution: Solution, design: Design) -> None:
    for event, values in solution.steps:
        recorder.write(event, **values)
    residual = float(np.linalg.norm(design.residual_norms(solution.coef)))
    recorder.write(
        "solution",
        solver=solution.solver,
        reason=solution.reason,
        residual_norm=residual,
        coefficient_norm=float(np.linalg.norm(solution.coef)),
        coefficients=solution.coef,
    )
