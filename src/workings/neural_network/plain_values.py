"""Values as JSON, and back with the same types."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workings.neural_network.suspension import checked_generator, generator_in


def to_json(value: Any) -> Any:
    """Return a value in the types of JSON, from which `from_json` gets the same value of the same type.

    Parameters
    ----------
    value : None, bool, int, float, str, list, tuple, dict, NumPy number or array, or RandomState

    Returns
    -------
    object
        None, bool, int, str and finite floats are themselves, lists are lists; anything else is a dict with one entry,
        named after its type.

    Raises
    ------
    TypeError
        For anything else, such as an array of objects.
    """
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is float:
        return {"float": repr(value)}
    if type(value) is list:
        return [to_json(part) for part in value]
    if type(value) is tuple:
        return {"tuple": [to_json(part) for part in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: to_json(part) for key, part in value.items()}}
    if isinstance(value, np.generic | np.ndarray) and is_plain(value.dtype):
        parts = [to_json(part) for part in value.ravel().tolist()]
        return {"array" if isinstance(value, np.ndarray) else "scalar": [value.dtype.str, list(value.shape), parts]}
    if isinstance(value, np.random.RandomState):
        return {"RandomState": to_json(dict(value.get_state(legacy=False)))}
    raise TypeError(f"{value!r} of the type {type(value).__name__}")


def from_json(value: Any) -> Any:
    """Return what `to_json` was given.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If `to_json` cannot have made it.
    """
    if isinstance(value, list):
        return [from_json(part) for part in value]
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    match kind:
        case "float":
            return float(inside)
        case "tuple":
            return tuple(from_json(part) for part in inside)
        case "dict":
            return {key: from_json(part) for key, part in inside.items()}
        case "array" | "scalar":
            dtype, shape, parts = inside
            if not is_plain(np.dtype(dtype)):
                raise ValueError(f"arrays of {dtype!r} are not loaded")
            array = np.array([from_json(part) for part in parts], np.dtype(dtype)).reshape(shape)
            return array if kind == "array" else array[()]
        case "RandomState":
            return generator_in(checked_generator(from_json(inside)))
    raise ValueError(f"nothing is known of the type {kind!r}")


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of a type are bools, numbers or strings, which run nothing when they are read.

    Parameters
    ----------
    dtype : dtype

    Returns
    -------
    bool
    """
    return dtype.kind in "biuU" or dtype in (np.float16, np.float32, np.float64)
