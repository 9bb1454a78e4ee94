"""A method that exists only for some parameters of an estimator."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any


class available_if:  # noqa: N801  (used as a decorator)
    """Hide a method, also from `hasattr`, unless a check passes.

    Parameters
    ----------
    check : callable
        Takes the estimator; raises AttributeError with the reason, or returns.
    """

    def __init__(self, check: Callable[[Any], None]) -> None:
        self._check = check

    def __call__(self, function: Callable[..., Any]) -> Any:
        """Return a descriptor in place of the method."""
        return _Conditional(function, self._check)


class _Conditional:
    def __init__(self, function: Callable[..., Any], check: Callable[[Any], None]) -> None:
        self.function = function
        self._check = check
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self.function
        self._check(estimator)
        return MethodType(self.function, estimator)
