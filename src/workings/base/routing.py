"""Metadata routing: which method wants which extra argument, in the words that scikit-learn's routers read."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

UNCHANGED = "$UNCHANGED$"  # scikit-learn's own marker for "leave this request as it is"

_METHODS = ("fit", "partial_fit", "predict", "predict_proba", "score", "transform")
_DATA = frozenset({"self", "X", "y"})


def requested_metadata(owner: type, method: str) -> tuple[str, ...]:
    """Return the extra arguments of a method: those a router may be asked to pass on.

    Parameters
    ----------
    owner : type
        An estimator class.
    method : str
        Name of one of its methods.

    Returns
    -------
    tuple of str
        Empty if the class has no such method.
    """
    function = inspect.getattr_static(owner, method, None)
    if not inspect.isfunction(function):
        function = getattr(function, "function", None)
    if function is None:
        return ()
    return tuple(
        sorted(
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if name not in _DATA and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        )
    )


def build_requests(estimator: Any) -> Any:
    """Return scikit-learn's `MetadataRequest` for an estimator, nothing requested yet.

    Parameters
    ----------
    estimator : Estimator

    Returns
    -------
    sklearn.utils.metadata_routing.MetadataRequest
        Imported here because only a scikit-learn router asks for it.
    """
    from sklearn.utils.metadata_routing import MetadataRequest

    requests = MetadataRequest(owner=estimator)
    for method in _METHODS:
        for name in requested_metadata(type(estimator), method):
            getattr(requests, method).add_request(param=name, alias=None)
    return requests


def add_request_setters(owner: type) -> None:
    """Give a class one ``set_<method>_request`` for each method that takes extra arguments.

    Parameters
    ----------
    owner : type
        An estimator class; a setter that it defines itself is kept.
    """
    for method in _METHODS:
        names = requested_metadata(owner, method)
        setter = f"set_{method}_request"
        if names and setter not in vars(owner):
            setattr(owner, setter, _request_setter(owner, method, names))


def _request_setter(owner: type, method: str, names: tuple[str, ...]) -> Callable[..., Any]:
    def setter(self: Any, **requests: Any) -> Any:
        if unexpected := set(requests) - set(names):
            raise TypeError(f"Unexpected args: {unexpected} in {method}. Accepted arguments are: {set(names)}")
        sklearn = sys.modules.get("sklearn")
        if sklearn is None or not sklearn.get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "This method is only available when metadata routing is enabled. You can enable it using "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        routing = self.get_metadata_routing()
        for name, alias in requests.items():
            if alias != UNCHANGED:
                getattr(routing, method).add_request(param=name, alias=alias)
        self._metadata_request = routing
        return self

    setter.__name__ = f"set_{method}_request"
    setter.__qualname__ = f"{owner.__qualname__}.{setter.__name__}"
    setter.__doc__ = (
        f"Say which metadata a router passes on to `{method}`.\n\n"
        "Parameters\n----------\n"
        + "".join(
            f"{name} : bool, None or str, optional\n"
            "    True: pass it; False: do not; None: an error if the caller gives it; a string: pass what the "
            "caller gives under that name.\n"
            for name in names
        )
        + "\nReturns\n-------\nself\n\nRaises\n------\nRuntimeError\n    While metadata routing is off.\n"
    )
    keyword = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        + [inspect.Parameter(name, keyword, default=UNCHANGED, annotation=bool | str | None) for name in names],
    )
    setter.__signature__ = signature  # type: ignore[attr-defined]  # functions take any attribute
    return setter
