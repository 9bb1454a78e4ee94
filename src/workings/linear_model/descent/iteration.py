"""The iteration that all descents share: gradient, update, stopping rules, record."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.base import ConvergenceWarning, check_array, check_sample_weight, require_same_length, warn
from workings.linear_model.certificate import not_proved
from workings.linear_model.descent.problem import LeastSquares, Quadratic
from workings.linear_model.descent.solution import DescentSolution
from workings.linear_model.descent.theory import DescentTheory
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.solution import Solver
from workings.optimize import UpdateRule
from workings.recording import Recorder, current_recorder

Rate = float | Literal["optimal"]

DIVERGED = 1e3  # growth of the gradient after which a step beyond the limit is called off


@dataclass(frozen=True)
class _Path:
    """Where the descent of one target ended."""

    coordinates: Floats
    iterations: int
    relative_gradient: float
    stalled: bool


@dataclass(frozen=True, kw_only=True)
class Descent(Solver):
    """A descent on the quadratic loss of a design; one subclass a file.

    Parameters
    ----------
    max_iter : int, default=10000
        Most iterations.
    tol : float, default=1e-10
        Stop when the gradient's norm has become this many times its first.
    start : array-like of shape (p,) or (k, p), optional
        Coefficients to begin with, zeros by default.
    """

    title: ClassVar[str]
    patience: ClassVar[float] = math.inf
    """Iterations without a smaller loss after which the rule is asked whether to go on."""

    max_iter: int = 10_000
    tol: float = 1e-10
    start: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_iter, Integral) or self.max_iter < 1:
            raise ValueError(f"max_iter has to be a whole number of at least 1; got {self.max_iter!r}.")
        if not isinstance(self.tol, Real) or not 0 <= self.tol < 1:
            raise ValueError(f"tol has to be a number from 0 up to but not including 1; got {self.tol!r}.")
        if self.start is not None:
            given = np.asarray(self.start, dtype=np.float64)
            if not np.isfinite(given).all():
                raise ValueError("start holds NaN or infinity; give finite coefficients, or None for zeros.")
            # Lists compare by value and cannot be changed through the caller's array.
            object.__setattr__(self, "start", given.tolist())

    def theory(self, X: Any, y: Any, *, fit_intercept: bool = True, sample_weight: Any = None) -> DescentTheory:
        """Return what theory says about this descent on some data, without running it.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.
        y : array-like of shape (n,) or (n, k)
            Targets; only the noise floor of stochastic descent depends on them.
        fit_intercept : bool, default=True
            As in `LinearRegression`.
        sample_weight : array-like of shape (n,), optional
            As in `LinearRegression.fit`.

        Returns
        -------
        DescentTheory

        Raises
        ------
        ValueError
            For data that are not finite numbers of matching shapes, and where no feature varies.
        """
        X = check_array(X)
        y = check_array(y, name="y", ensure_2d=False)
        require_same_length(X, y)
        weights = None if sample_weight is None else check_sample_weight(sample_weight, X)
        design = Design(X, np.asarray(y, dtype=np.float64).reshape(len(X), -1), weights, centred=fit_intercept)
        if not len(design.active):
            raise ValueError("No feature varies, so that there is nothing to descend: the loss is the same everywhere.")
        return self._theory(LeastSquares(design))

    @abstractmethod
    def _theory(self, problem: LeastSquares) -> DescentTheory:
        """Return the theory for the steps that the parameters ask for."""

    @abstractmethod
    def _rule(self, problem: LeastSquares, loss: Quadratic, theory: DescentTheory) -> UpdateRule:
        """Return the rule that turns gradients of `loss` into updates."""

    def solve(self, design: Design) -> DescentSolution:  # noqa: D102 (documented by the interface)
        if not len(design.active):
            return self._nothing_to_do(design)
        problem = LeastSquares(design)
        theory = self._theory(problem)
        start = problem.start(self.start)
        coordinates = problem.coordinates(start)
        outside = start - problem.coefficients(coordinates)  # of the space of the rows: no gradient moves it
        paths: list[_Path] = []
        recorder = current_recorder()
        for target in range(design.n_targets):
            loss = Quadratic(problem, target, coordinates[:, target])
            record = None if recorder is None else _Record(recorder, problem, loss, theory, outside)
            paths.append(self._descend(loss, self._rule(problem, loss, theory), theory, record))
        ended = np.column_stack([path.coordinates for path in paths])
        coef = problem.in_data_units(outside + problem.coefficients(ended))
        converged = all(path.relative_gradient <= self.tol for path in paths)
        reason = self._reason(paths, theory, converged)
        if not converged:
            warn(ConvergenceWarning, reason, stacklevel=3)
        return DescentSolution(
            coef=coef,
            coef_low=np.zeros_like(coef),
            solver=self.name,
            reason=reason,
            condition=problem.condition,
            rank=problem.rank,
            factor=problem.factor(),
            exponent=design.top_exponent,
            spectrum_length=min(design.n_samples, design.n_features),
            certificate=not_proved("A descent ends where the gradient is small; no digit of its result is proved."),
            steps=tuple(self._summary(target, path, theory) for target, path in enumerate(paths)),
            theory=theory,
            iterations=tuple(path.iterations for path in paths),
            relative_gradients=tuple(path.relative_gradient for path in paths),
            converged=converged,
        )

    def _descend(self, loss: Quadratic, rule: UpdateRule, theory: DescentTheory, record: _Record | None) -> _Path:
        b = loss.start.copy()
        value, gradient = loss(b)
        first = norm = math.sqrt(gradient @ gradient)
        least, since = value, 0
        ceiling = DIVERGED * first if theory.beyond_limit else np.finfo(np.float64).max
        iteration = 0
        stalled = False
        rule.allocate([b], [gradient])
        with np.errstate(over="ignore", invalid="ignore"):
            while norm > self.tol * first and iteration < self.max_iter and not stalled:
                rule.step([b], [gradient])
                value, gradient = loss(b)
                before, norm = norm, math.sqrt(gradient @ gradient)
                iteration += 1
                if record is not None:
                    record.write(iteration, b, value, norm, before, rule.learning_rate)
                if not norm <= ceiling:
                    raise ValueError(self._divergence(theory, iteration))
                least, since = (value, 0) if value < least else (least, since + 1)
                if since >= self.patience:
                    stalled, since = rule.on_plateau().stop, 0
        if theory.beyond_limit and norm > first:
            raise ValueError(self._divergence(theory, iteration))
        return _Path(b * loss.unit, iteration, norm / first if first else 0.0, stalled)

    def _divergence(self, theory: DescentTheory, iteration: int) -> str:
        after = f"after {iteration} iteration{'' if iteration == 1 else 's'}"
        said = f"{self.title} diverges on these data: {after} the gradient is larger than at the start. "
        if theory.beyond_limit:
            said += (
                f"The step {theory.step:.6g} is beyond the limit {theory.limit_formula} = {theory.limit_step:.6g}, "
                f"where L = {theory.largest:.6g} is the largest curvature of the loss. Take a smaller rate; "
                f"rate='optimal' is {theory.best_step:.6g} here."
            )
        else:
            said += "Numbers became too large for a double: bring y, start and the columns of X to comparable units."
        return said

    def _summary(self, target: int, path: _Path, theory: DescentTheory) -> tuple[str, Mapping[str, Any]]:
        return "descent", {
            "solver": self.name,
            "target": target,
            "iterations": path.iterations,
            "relative_gradient": path.relative_gradient,
            "step": theory.step,
            "momentum": theory.momentum,
            "limit_step": theory.limit_step,
            "best_step": theory.best_step,
            "rate_predicted": theory.predicted_rate,
            "condition": theory.condition,
        }

    def _reason(self, paths: list[_Path], theory: DescentTheory, converged: bool) -> str:
        count = max(path.iterations for path in paths)
        worst = max(path.relative_gradient for path in paths)
        expected = theory.iterations(self.tol) if self.tol else math.inf
        said = f"{self.title} took {count} iteration{'' if count == 1 else 's'} to a gradient of {worst:.3g} times its"
        if converged:
            return f"{said} first; theory expects about {expected:.6g} for {self.tol:g}."
        said += f" first, which is more than tol = {self.tol:g}."
        if any(path.stalled for path in paths):
            return (
                f"{said} The loss has stopped falling: the noise of the batches keeps it, on average, between "
                f"{theory.noise_floor[0]:.3g} and {theory.noise_floor[1]:.3g} above the minimum while the step is "
                f"{theory.step:.3g}. Let a schedule lower it, take larger batches, or another solver."
            )
        if theory.condition * UNIT_ROUNDOFF > self.tol:
            return (
                f"{said} With a condition number of {theory.condition:.3g} rounding alone leaves more than that: "
                "standardise the features, raise tol, or use solver='auto'."
            )
        if math.isinf(expected):
            return f"{said} Theory does not expect this step to get there; rate='optimal' is {theory.best_step:.6g}."
        return (
            f"{said} Theory expects about {expected:.6g} iterations: raise max_iter, standardise the features (their "
            f"condition number decides; here {theory.condition:.3g}), or use solver='auto'."
        )

    def _nothing_to_do(self, design: Design) -> DescentSolution:
        coef = np.zeros((design.n_features, design.n_targets))
        return DescentSolution(
            coef=coef,
            coef_low=coef.copy(),
            solver=self.name,
            reason="No feature varies, so that there was nothing to descend.",
            condition=1.0,
            rank=0,
            factor=np.zeros((0, 0)),
            exponent=0,
            spectrum_length=min(design.n_samples, design.n_features),
            certificate=not_proved("A descent ends where the gradient is small; no digit of its result is proved."),
            theory=None,
            iterations=(0,) * design.n_targets,
            relative_gradients=(0.0,) * design.n_targets,
            converged=True,
        )


class _Record:
    """Writes the iterations of one target: numbers, and coefficients if some tape keeps arrays."""

    def __init__(
        self, recorder: Recorder, problem: LeastSquares, loss: Quadratic, theory: DescentTheory, outside: Floats
    ) -> None:
        self._recorder = recorder
        self._problem = problem
        self._loss = loss
        self._theory = theory
        self._outside = outside[:, loss.target, np.newaxis]
        self._unexplained = float(problem.unexplained[loss.target])
        self._target_unit = float(problem.target_units[loss.target])

    def write(self, iteration: int, b: Floats, value: float, norm: float, before: float, step: float) -> None:
        unit = self._loss.unit
        arrays: dict[str, Floats] = {}
        if self._recorder.wants_arrays:
            coef = self._outside + self._problem.coefficients(b[:, np.newaxis] * unit)
            arrays["coefficients"] = self._problem.in_data_units(coef)[:, self._loss.target]
        self._recorder.write(
            "iteration",
            target=self._loss.target,
            iteration=iteration,
            loss=(value * unit * unit + self._unexplained) * self._target_unit * self._target_unit,
            gradient_norm=norm * unit * self._target_unit,
            step=step,
            rate_measured=norm / before,
            rate_predicted=self._theory.factor(iteration),
            **arrays,
        )


def check_rate(rate: Rate) -> None:
    """Raise a ValueError unless `rate` is a positive number or ``"optimal"``."""
    if rate == "optimal" or (isinstance(rate, Real) and 0 < rate < math.inf):
        return
    raise ValueError(f"rate has to be a positive number or 'optimal'; got {rate!r}.")


def check_momentum(momentum: Rate) -> None:
    """Raise a ValueError unless `momentum` is in [0, 1) or ``"optimal"``."""
    if momentum == "optimal" or (isinstance(momentum, Real) and 0 <= momentum < 1):
        return
    raise ValueError(f"momentum has to be a number from 0 up to but not including 1, or 'optimal'; got {momentum!r}.")
