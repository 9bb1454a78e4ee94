"""Docstrings keep what they promise: every parameter is documented, none that does not exist, and examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest
from numpydoc.validate import validate

import workings

PACKAGES = (
    "",
    ".arithmetic",
    ".audit",
    ".base",
    ".cluster",
    ".explain",
    ".linear_model",
    ".linear_model.descent",
    ".linear_model.inference",
    ".neural_network",
    ".optimize",
    ".report",
)

FALSE = {"GL08", "PR02", "PR03", "PR10"}
"""No docstring, an unknown parameter, another order than the signature's, or a malformed line."""

INCOMPLETE = {"PR01", "RT01"}
"""A parameter or the result is left out."""


def public_names() -> dict[str, set[str]]:
    """Dotted names of what the packages export, with their public methods, and what each may not be told of.

    Methods of a base class count as the class's own unless the base is exported itself. A method whose docstring is one
    sentence may leave its sections out.
    """
    found: dict[str, set[str]] = {}
    modules = [importlib.import_module(f"workings{package}") for package in PACKAGES]
    everything = {getattr(module, name) for module in modules for name in module.__all__ if name != "__version__"}
    for module in modules:
        for exported in (getattr(module, name) for name in module.__all__):
            if not (inspect.isclass(exported) or inspect.isfunction(exported)):
                continue
            dotted = f"{exported.__module__}.{exported.__qualname__}"
            protocol = getattr(exported, "_is_protocol", False)
            found[dotted] = FALSE if protocol else FALSE | INCOMPLETE
            classes = [
                base
                for base in (exported.__mro__ if inspect.isclass(exported) else ())
                if base is exported or (base not in everything and base.__module__.startswith("workings."))
            ]
            for name, method in [item for base in reversed(classes) for item in vars(base).items()]:
                if inspect.isfunction(method) and not name.startswith("_"):
                    sections = "----" in (method.__doc__ or "")
                    inherited = any(hasattr(base, name) for base in exported.__mro__[1:])
                    undocumented = inherited and not method.__doc__
                    found[f"{dotted}.{name}"] = set() if undocumented else FALSE | INCOMPLETE if sections else FALSE
    return found


def complaints(dotted: str, codes: set[str]) -> list[str]:
    return [message for code, message in validate(dotted)["errors"] if code in codes]


NAMES = public_names()


@pytest.mark.parametrize("dotted", NAMES)
def test_parameters_are_documented(dotted: str) -> None:
    assert complaints(dotted, NAMES[dotted]) == []


SOURCE = Path(workings.__file__).parent
EXAMPLES = [
    ".".join(("workings", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def sample(X: object, order: str) -> object:
    """Do nothing.

    Parameters
    ----------
    X : object
        Data.
    sequence : str
        A name that the signature does not have.
    """
    return X, order


def test_a_false_docstring_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workings.base.is_sparse", sample)
    found = complaints("workings.base.is_sparse", FALSE | INCOMPLETE)
    assert len(found) == 3
    for word in ("'order'", "'sequence'", "Returns"):
        assert any(word in message for message in found), word
