"""The next trial value of a line search, from cubic and quadratic interpolation; section 4 of Moré and Thuente."""

from __future__ import annotations

import math
from typing import NamedTuple


class Trial(NamedTuple):
    """A step with the function's value and slope there."""

    step: float
    value: float
    slope: float

    def tilted(self, slope: float) -> Trial:
        """Return the same step for the function minus ``slope * step``."""
        return Trial(self.step, self.value - self.step * slope, self.slope - slope)


class Interval(NamedTuple):
    """The interval of uncertainty: its best end, its other end, and whether a minimiser is known to lie between."""

    best: Trial
    other: Trial
    bracketed: bool

    @property
    def width(self) -> float:
        """Distance of the ends."""
        return abs(self.other.step - self.best.step)

    @property
    def middle(self) -> float:
        """The middle of the interval."""
        return self.best.step + 0.5 * (self.other.step - self.best.step)

    def tilted(self, slope: float) -> Interval:
        """Return the interval for the function minus ``slope * step``."""
        return Interval(self.best.tilted(slope), self.other.tilted(slope), self.bracketed)


def next_trial(state: Interval, trial: Trial, low: float, high: float) -> tuple[Interval, float]:
    """Update the interval with a trial, and choose the next step.

    Parameters
    ----------
    state : Interval
        Before the trial.
    trial : Trial
        The evaluation to take in.
    low, high : float
        Where the next step may lie while no minimiser is bracketed.

    Returns
    -------
    state : Interval
    step : float

    Notes
    -----
    The four cases of section 4: a higher value; a slope of the other sign; a slope of the same sign that has become
    smaller; and one that has not.
    """
    best, other = state.best, state.other
    if not (math.isfinite(trial.value) and math.isfinite(trial.slope)):
        return Interval(best, Trial(trial.step, math.inf, math.inf), True), 0.5 * (best.step + trial.step)

    opposite = trial.slope * math.copysign(1.0, best.slope) < 0
    bracketed = state.bracketed
    if trial.value > best.value:
        step = _after_higher_value(best, trial)
        bracketed = True
    elif opposite:
        step = _after_change_of_sign(best, trial)
        bracketed = True
    elif abs(trial.slope) < abs(best.slope):
        step = _after_smaller_slope(state, trial, low, high)
    elif bracketed and math.isfinite(other.value):
        step = _cubic(other, trial)
    elif bracketed:
        step = 0.5 * (other.step + trial.step)
    else:
        step = high if trial.step > best.step else low

    if trial.value > best.value:
        return Interval(best, trial, bracketed), step
    return Interval(trial, best if opposite else other, bracketed), step


def _cubic(a: Trial, b: Trial) -> float:
    """Minimiser of the cubic with the values and slopes of two trials, seen from `b`."""
    theta, gamma = _discriminant(a, b)
    if b.step > a.step:
        gamma = -gamma
    return b.step + _ratio(gamma - b.slope + theta, gamma - b.slope + gamma + a.slope) * (a.step - b.step)


def _discriminant(a: Trial, b: Trial) -> tuple[float, float]:
    theta = 3.0 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    if scale == 0.0:
        return theta, 0.0
    # scaled so that the squares neither overflow nor vanish
    return theta, scale * math.sqrt(max(0.0, (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)))


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator != 0.0 else math.inf


def _secant(a: Trial, b: Trial) -> float:
    """Minimiser of the quadratic with the slopes of two trials."""
    return b.step + b.slope / (b.slope - a.slope) * (a.step - b.step)


def _after_higher_value(best: Trial, trial: Trial) -> float:
    theta, gamma = _discriminant(best, trial)
    if trial.step < best.step:
        gamma = -gamma
    share = _ratio(gamma - best.slope + theta, gamma - best.slope + gamma + trial.slope)
    cubic = best.step + share * (trial.step - best.step)
    mean_slope = (best.value - trial.value) / (trial.step - best.step)
    quadratic = best.step + 0.5 * best.slope / (mean_slope + best.slope) * (trial.step - best.step)
    if abs(cubic - best.step) < abs(quadratic - best.step):
        return cubic
    return cubic + 0.5 * (quadratic - cubic) if math.isfinite(cubic) else quadratic


def _after_change_of_sign(best: Trial, trial: Trial) -> float:
    cubic, secant = _cubic(best, trial), _secant(best, trial)
    return cubic if abs(cubic - trial.step) > abs(secant - trial.step) else secant


def _after_smaller_slope(state: Interval, trial: Trial, low: float, high: float) -> float:
    best = state.best
    theta, gamma = _discriminant(best, trial)
    if trial.step > best.step:
        gamma = -gamma
    share = _ratio(gamma - trial.slope + theta, gamma + (best.slope - trial.slope) + gamma)
    if share < 0.0 and gamma != 0.0:
        cubic = trial.step + share * (best.step - trial.step)
    else:  # the cubic has no minimiser beyond the trial
        cubic = high if trial.step > best.step else low
    secant = _secant(best, trial)
    nearer, farther = sorted((cubic, secant), key=lambda step: abs(step - trial.step))
    if state.bracketed:
        limit = trial.step + 0.66 * (state.other.step - trial.step)
        return min(limit, nearer) if trial.step > best.step else max(limit, nearer)
    return min(max(farther, low), high)
