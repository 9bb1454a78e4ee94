"""Constraints on constructor parameters, checked when an estimator is fitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, NoReturn

import numpy as np

from workings.base.exceptions import InvalidParameterError, recognised


@dataclass(frozen=True)
class Interval:
    """Numbers of one kind between two ends.

    Parameters
    ----------
    kind : type
        ``numbers.Integral`` or ``numbers.Real``.
    low, high : float or None
        The ends; None is infinity, which does not belong to the interval.
    closed : {"left", "right", "both", "neither"}
        Which ends belong to the interval.
    """

    kind: type
    low: float | None
    high: float | None
    closed: Literal["left", "right", "both", "neither"]

    def accepts(self, value: object) -> bool:
        """Whether `value` lies in the interval."""
        if not isinstance(value, self.kind) or not isinstance(value, Real) or value != value:
            return False
        number: Any = value
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        above = number > low or (number == self.low and self.closed in ("left", "both"))
        below = number < high or (number == self.high and self.closed in ("right", "both"))
        return above and below

    def __str__(self) -> str:
        noun = "an int" if self.kind is Integral else "a float"
        opening = "[" if self.closed in ("left", "both") else "("
        closing = "]" if self.closed in ("right", "both") else ")"
        low = "-inf" if self.low is None else self.low
        high = "inf" if self.high is None else self.high
        return f"{noun} in the range {opening}{low}, {high}{closing}"


@dataclass(frozen=True)
class Options:
    """A string out of a few.

    Parameters
    ----------
    names : iterable of str
        The few.
    """

    names: frozenset[str]

    def __init__(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", frozenset(names))

    def accepts(self, value: object) -> bool:
        """Whether `value` is one of the names."""
        return isinstance(value, str) and value in self.names

    def __str__(self) -> str:
        return "a str among {" + ", ".join(repr(name) for name in sorted(self.names)) + "}"


@dataclass(frozen=True)
class Instance:
    """An object of a class.

    Parameters
    ----------
    kind : type
        The class.
    """

    kind: type

    def accepts(self, value: object) -> bool:
        """Whether `value` is an instance of the class."""
        return isinstance(value, self.kind)

    def __str__(self) -> str:
        return f"an instance of {self.kind.__name__!r}"


Constraint = Interval | Options | Instance | Literal["boolean", "array-like", "callable", "random_state"] | None

_random_seed = Interval(Integral, 0, 2**32 - 1, "both")


def _accepts(constraint: Constraint, value: object) -> bool:
    match constraint:
        case None:
            return value is None
        case "boolean":
            return isinstance(value, bool | np.bool_)
        case "callable":
            return callable(value)
        case "array-like":
            return not isinstance(value, str) and any(
                hasattr(value, name) for name in ("__len__", "__array__", "shape")
            )
        case "random_state":
            return value is None or isinstance(value, np.random.RandomState) or _random_seed.accepts(value)
    return constraint.accepts(value)


def _describe(constraint: Constraint) -> str:
    match constraint:
        case None:
            return "None"
        case "boolean":
            return "an instance of 'bool'"
        case "callable":
            return "a callable"
        case "array-like":
            return "an array-like"
        case "random_state":
            return "an int in the range [0, 4294967295], an instance of 'numpy.random.RandomState' or None"
    return str(constraint)


def check_parameters(owner: str, values: Mapping[str, Any], constraints: Mapping[str, Sequence[Constraint]]) -> None:
    """Check every constructor parameter of an estimator.

    Parameters
    ----------
    owner : str
        Class name, for the message.
    values : mapping
        Parameter values by name.
    constraints : mapping
        For each name the alternatives, one of which has to accept the value.

    Raises
    ------
    InvalidParameterError
        A ValueError and TypeError that names the parameter, what it may be, and what it is.
    """
    for name, alternatives in constraints.items():
        value = values[name]
        for constraint in alternatives:
            if _accepts(constraint, value):
                break
        else:
            _refuse(owner, name, value, alternatives)


def _refuse(owner: str, name: str, value: Any, alternatives: Sequence[Constraint]) -> NoReturn:
    described = [_describe(constraint) for constraint in alternatives]
    allowed = described[0] if len(described) == 1 else ", ".join(described[:-1]) + " or " + described[-1]
    raise recognised(InvalidParameterError)(
        f"The {name!r} parameter of {owner} must be {allowed}. Got {value!r} instead."
    )
