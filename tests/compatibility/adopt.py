"""scikit-learn's own test modules with our class in the place of theirs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any
from unittest.mock import patch


def adopt(
    test_module: str, home: str, classes: Mapping[str, type], left_out: Mapping[str, str]
) -> dict[str, Callable[..., Any]]:
    """Return the tests of a scikit-learn module that are about `classes`, running on ours.

    Parameters
    ----------
    test_module : str
        Such as ``"sklearn.cluster.tests.test_k_means"``; read from the installed package.
    home : str
        Where the test imports the classes from.
    classes : mapping
        Our classes by the names of theirs.
    left_out : mapping
        Tests that do not apply, each with its reason. A name that the module lacks is an error.
    """
    module = _executed(test_module, home, classes)
    tests = {
        name: function
        for name, function in vars(module).items()
        if name.startswith("test_") and isinstance(function, FunctionType) and _mentions(function, classes)
    }
    if stale := set(left_out) - set(tests):
        raise ValueError(f"{test_module} has no such tests about {sorted(classes)}: {sorted(stale)}")
    return {name: function for name, function in tests.items() if name not in left_out}


def _executed(test_module: str, home: str, classes: Mapping[str, type]) -> ModuleType:
    spec = find_spec(test_module)
    assert spec is not None
    assert spec.origin is not None
    module = ModuleType(f"adopted_{test_module.rpartition('.')[2]}")
    module.__file__ = spec.origin
    module.__package__ = test_module.rpartition(".")[0]
    code = compile(Path(spec.origin).read_text(), spec.origin, "exec")
    with patch.multiple(importlib.import_module(home), **classes):
        exec(code, vars(module))
    return module


def _mentions(function: FunctionType, classes: Mapping[str, type]) -> bool:
    if any(name in classes for name in _names(function.__code__)):
        return True
    marks = getattr(function, "pytestmark", [])
    leaves = [leaf for mark in marks for leaf in _flattened(mark.args)]
    return any(leaf is cls or type(leaf) is cls for leaf in leaves for cls in classes.values())


def _names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*(_names(constant) for constant in inner))


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flattened(item)]
    return [value]
