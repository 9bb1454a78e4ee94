"""The line search of Moré and Thuente: a step with sufficient decrease and a small enough slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workings.optimize.trial_step import Interval, Trial, next_trial

Reason = Literal["converged", "interval too small", "longest step", "shortest step", "evaluations", "not descending"]


@dataclass(frozen=True)
class LineSearchResult:
    """Where a line search ended.

    Parameters
    ----------
    step : float
        The step of the last evaluation.
    value, slope : float
        φ and φ' there.
    reason : str
        ``"converged"`` (both conditions hold), ``"interval too small"``, ``"longest step"`` or ``"shortest step"``
        (the best that rounding or the limits allow), ``"evaluations"`` or ``"not descending"`` (failures; the latter
        for a slope that is not finite, too).
    n_evaluations : int
        Of φ and φ' together.
    """

    step: float
    value: float
    slope: float
    reason: Reason
    n_evaluations: int

    @property
    def failed(self) -> bool:
        """Whether there is no step to take."""
        return self.reason in ("evaluations", "not descending")


@dataclass(frozen=True)
class MoreThuente:
    """A line search for φ(α) with φ'(0) < 0.

    It looks for α with ``φ(α) <= φ(0) + decrease α φ'(0)`` and ``|φ'(α)| <= curvature |φ'(0)|``.

    Parameters
    ----------
    decrease : float, default=1e-3
        Share of the initial slope that the decrease must keep (the paper's μ).
    curvature : float, default=0.9
        Share of the initial slope to which the slope must fall (η).
    interval : float, default=0.1
        Relative width of the bracket at which the search gives up shrinking it.
    longest : float, default=1e10
        Longest step.
    max_evaluations : int, default=20
        Evaluations of φ before the search fails.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Notes
    -----
    Fails when φ' is not the derivative of φ: the bracket then closes in on a kink of the model and the search ends by
    ``"interval too small"`` or ``"evaluations"``. A trial step where φ is not finite is halved towards the best step.

    Source: Moré and Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM Transactions on
    Mathematical Software 20 (1994) 286-307: the search algorithm of section 2, the modified function ψ of
    equation 2.1 while no step has both decreased ψ and a non-negative slope, the trial values of section 4.

    Examples
    --------
    >>> search = MoreThuente(curvature=0.1)
    >>> result = search.search(lambda a: ((a - 3) ** 2, 2 * (a - 3)), value=9.0, slope=-6.0, first=1.0)
    >>> result.step, result.reason
    (3.0, 'converged')
    """

    decrease: float = 1e-3
    curvature: float = 0.9
    interval: float = 0.1
    longest: float = 1e10
    max_evaluations: int = 20

    def __post_init__(self) -> None:
        if not (0 <= self.decrease < 1 and 0 <= self.curvature < 1 and self.interval >= 0):
            raise ValueError(
                "A line search needs 0 <= decrease < 1, 0 <= curvature < 1 and interval >= 0, got "
                f"{self.decrease}, {self.curvature} and {self.interval}."
            )
        if not (self.longest > 0 and self.max_evaluations >= 1):
            raise ValueError(
                "A line search needs a longest step above 0 and at least one evaluation, got "
                f"longest={self.longest} and max_evaluations={self.max_evaluations}."
            )

    def search(
        self, phi: Callable[[float], tuple[float, float]], value: float, slope: float, first: float
    ) -> LineSearchResult:
        """Find a step.

        Parameters
        ----------
        phi : callable
            α to ``(φ(α), φ'(α))``.
        value, slope : float
            φ(0) and φ'(0).
        first : float
            First trial, above 0.

        Returns
        -------
        LineSearchResult
            Its value and slope are finite unless the search failed.

        Raises
        ------
        ValueError
            If the first trial is not above 0.
        """
        if not first > 0:
            raise ValueError(f"The first trial step must be above 0, got {first}.")
        if not -math.inf < slope < 0:
            return LineSearchResult(0.0, value, slope, "not descending", 0)
        required_slope = self.decrease * slope
        start = Trial(0.0, value, slope)
        state = Interval(best=start, other=start, bracketed=False)
        low, high = 0.0, 5.0 * first
        width, width_before = self.longest, 2 * self.longest
        auxiliary = True  # still on ψ(α) = φ(α) - φ(0) - decrease α φ'(0), equation 2.1
        step = min(first, self.longest)
        trial = start
        for count in range(1, self.max_evaluations + 1):
            trial = Trial(step, *phi(step))
            bound = value + step * required_slope
            if auxiliary and trial.value <= bound and trial.slope >= 0:
                auxiliary = False
            reason = self._reason(trial, state, low, high, bound, slope)
            if reason is not None and math.isfinite(trial.value) and math.isfinite(trial.slope):
                return LineSearchResult(step, trial.value, trial.slope, reason, count)
            if auxiliary and bound < trial.value <= state.best.value:
                tilted, step = next_trial(state.tilted(required_slope), trial.tilted(required_slope), low, high)
                state = tilted.tilted(-required_slope)
            else:
                state, step = next_trial(state, trial, low, high)
            if state.bracketed:
                if state.width >= 0.66 * width_before:
                    step = state.middle
                width_before, width = width, state.width
                low, high = sorted((state.best.step, state.other.step))
            else:
                low = step + 1.1 * (step - state.best.step)
                high = step + 4.0 * (step - state.best.step)
            step = min(max(step, 0.0), self.longest)
            if state.bracketed and (not low < step < high or high - low <= self.interval * high):
                step = state.best.step
                if step == trial.step:
                    return LineSearchResult(step, trial.value, trial.slope, "interval too small", count)
        return LineSearchResult(step, trial.value, trial.slope, "evaluations", self.max_evaluations)

    def _reason(
        self, trial: Trial, state: Interval, low: float, high: float, bound: float, slope: float
    ) -> Reason | None:
        if trial.value <= bound and abs(trial.slope) <= self.curvature * -slope:
            return "converged"
        if trial.step == 0.0:
            return "shortest step"
        if trial.step == self.longest and trial.value <= bound and trial.slope <= self.decrease * slope:
            return "longest step"
        if state.bracketed and (not low < trial.step < high or high - low <= self.interval * high):
            return "interval too small"
        return None
