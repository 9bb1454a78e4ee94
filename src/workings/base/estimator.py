"""What every estimator has: parameters, a representation, tags and metadata routing."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from workings.base.checks import is_fitted
from workings.base.html import estimator_html
from workings.base.parameters import Constraint, check_parameters
from workings.base.routing import add_request_setters, build_requests


class Estimator:
    """Base of the estimators: scikit-learn's contract, without scikit-learn.

    A subclass stores its constructor's arguments unchanged under their own names, names their constraints in
    ``_constraints``, and sets attributes that end in an underscore when it is fitted.

    Notes
    -----
    scikit-learn is imported in two methods alone, which only scikit-learn calls: `__sklearn_tags__` and
    `get_metadata_routing`.
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        add_request_setters(cls)

    @classmethod
    @cache
    def _parameter_defaults(cls) -> dict[str, Any]:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind is parameter.VAR_POSITIONAL:
                raise RuntimeError(
                    f"{cls.__name__} has to name every parameter in the signature of its __init__ (no *args)."
                )
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters.

        Parameters
        ----------
        deep : bool, default=True
            Also those of parameters that are estimators, as ``name__parameter``.

        Returns
        -------
        dict
            Values by name.
        """
        parameters: dict[str, Any] = {}
        for name in sorted(self._parameter_defaults()):
            value = getattr(self, name)
            parameters[name] = value
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                parameters |= {f"{name}__{key}": inner for key, inner in value.get_params().items()}
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set constructor parameters; the estimator is not fitted anew.

        Parameters
        ----------
        **params
            Values by name; ``name__parameter`` reaches into a parameter that is an estimator.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a name is not a parameter; the message lists those that are.
        """
        known = self.get_params(deep=True)
        nested: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for key, value in params.items():
            name, separator, inner = key.partition("__")
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. "
                    f"Valid parameters are: {sorted(self._parameter_defaults())!r}."
                )
            if separator:
                nested[name][inner] = value
            else:
                setattr(self, name, value)
                known[name] = value
        for name, inner_params in nested.items():
            known[name].set_params(**inner_params)
        return self

    def _check_parameters(self) -> None:
        check_parameters(type(self).__name__, vars(self), self._constraints)

    def _changed_parameters(self) -> dict[str, Any]:
        defaults = self._parameter_defaults()
        values = {name: getattr(self, name) for name in defaults}
        return {name: value for name, value in values.items() if not _same(value, defaults[name])}

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={value!r}" for name, value in self._changed_parameters().items())
        return f"{type(self).__name__}({changed})"

    @property
    def _repr_html_(self) -> Any:
        # scikit-learn switches the HTML off by hasattr(), so absence has to look like a missing attribute
        if not _shows_diagram():
            raise AttributeError("_repr_html_ is only defined when the 'display' option is set to 'diagram'")
        return self._html

    def _html(self) -> str:
        return estimator_html(
            type(self).__name__,
            self.get_params(deep=False),
            frozenset(self._changed_parameters()),
            fitted=is_fitted(self),
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if _shows_diagram():
            bundle["text/html"] = self._html()
        return bundle

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def get_metadata_routing(self) -> Any:
        """Return what this estimator asks scikit-learn's routers to pass on.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        if hasattr(self, "_metadata_request"):
            return self._metadata_request.__sklearn_clone__()
        return build_requests(self)


def _shows_diagram() -> bool:
    sklearn = sys.modules.get("sklearn")
    return sklearn is None or sklearn.get_config()["display"] == "diagram"


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if type(value) is not type(default):
        return False
    if isinstance(value, float) and np.isnan(value) and np.isnan(default):
        return True
    return bool(np.array_equal(value, default)) if isinstance(value, np.ndarray) else bool(value == default)
