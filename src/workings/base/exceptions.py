"""Errors and warnings that both this package's and scikit-learn's ``except`` clauses catch.

Where the caller has loaded ``sklearn.exceptions``, what is raised is a class derived from ours *and* from
scikit-learn's of the same name; otherwise it is ours. scikit-learn is never imported here.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any


class NotFittedError(ValueError, AttributeError):
    """An estimator was asked for something that only exists after `fit`."""


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter has a value that the estimator does not accept."""


class ConvergenceWarning(UserWarning):
    """An iteration ended before it converged."""


class DataConversionWarning(UserWarning):
    """Data of an unexpected shape or type were converted."""


class UndefinedMetricWarning(UserWarning):
    """A score is not defined for the data at hand."""


class PrecisionWarning(UserWarning):
    """Nothing could be proved about digits that usually are."""


def _rebuild(own: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    return recognised(own)(*args)


def _derived_from_both(own: type[BaseException], theirs: type[BaseException]) -> type[BaseException]:
    def reduce(self: BaseException) -> tuple[Any, ...]:
        # a class made at run time cannot be found by name when an error comes back from a worker process
        return _rebuild, (own, self.args)

    return type(own.__name__, (own, theirs), {"__module__": own.__module__, "__reduce__": reduce})


_derived: dict[type[BaseException], type[BaseException]] = {}


def recognised(own: type[BaseException]) -> type[BaseException]:
    """Return `own`, or a subclass of it that scikit-learn's class of the same name also catches.

    Parameters
    ----------
    own : type
        An error or warning class of this module.

    Returns
    -------
    type
    """
    if own in _derived:
        return _derived[own]
    home = "sklearn.utils._param_validation" if own is InvalidParameterError else "sklearn.exceptions"
    theirs = getattr(sys.modules.get(home), own.__name__, None)
    if theirs is None:
        return own
    return _derived.setdefault(own, _derived_from_both(own, theirs))


def warn(category: type[Warning], message: str, *, stacklevel: int = 2) -> None:
    """Warn with `category` in the form that scikit-learn's filters recognise.

    Parameters
    ----------
    category : type
        A warning class of this module, or any built-in one.
    message : str
        What happened and what to do about it.
    stacklevel : int, default=2
        As in `warnings.warn`, counted from the caller.
    """
    warnings.warn(message, recognised(category), stacklevel=stacklevel + 1)  # type: ignore[arg-type]  # still a warning class
