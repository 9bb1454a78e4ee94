"""A file of arrays and a header of plain values: written whole or not at all, and read without running anything."""

from __future__ import annotations

import io
import json
import math
import os
import secrets
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from workings.neural_network.parameters import Array
from workings.neural_network.suspension import generator_in

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed anyway
    fcntl = None

FORMAT = "workings neural network"
VERSION = 1

_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class UnreadableError(ValueError):
    """A file does not hold what it should hold."""


def place_of(path: str | os.PathLike[str]) -> Path:
    """Return where a file would be written.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Path
        Absolute, with links followed.

    Raises
    ------
    OSError
        If it is a folder, or in none.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder: name a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {os.fspath(target.parent)!r}: make it first.")
    return target


def write_archive(target: Path, content: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a file in one piece: whoever looks at it finds the old one or the new one.

    Parameters
    ----------
    target : Path
        From `place_of`.
    content : mapping
        Of what `to_json` accepts.
    arrays : mapping of str to ndarray
        Of bools, numbers and strings.

    Raises
    ------
    TypeError
        For a value that cannot be written.
    OSError
        If the file cannot be written; the old one is as it was.

    Notes
    -----
    The draft lies in the same folder, under a hidden name that ends in ``.tmp``. A process that is killed leaves it
    behind, and the next writing of the same file removes it.
    """
    for name, array in arrays.items():
        if not _is_plain(array.dtype):
            raise TypeError(f"the array {name} of the type {array.dtype}")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
        "content": {key: to_json(value) for key, value in content.items()},
    }
    text = json.dumps(header, allow_nan=False)

    def write(stream: IO[bytes]) -> None:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, array in {"header": np.array(text), **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as part:
                    np.lib.format.write_array(part, array, allow_pickle=False)

    _replace(target, write)


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `write_archive` was given.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    content : dict
    arrays : dict of str to ndarray

    Raises
    ------
    UnreadableError
        If the file was not written by `write_archive`, was changed since, or holds Python objects.
    OSError
        If there is no such file, or it cannot be read.
    """
    with Path(path).open("rb") as stream:
        try:
            arrays = _read_arrays(stream)
            header = json.loads(str(arrays.pop("header")))
            of_ours = isinstance(header, dict) and header.get("format") == FORMAT
        except UnreadableError:
            raise
        except Exception as error:  # what a zip file's damaged bytes may lead to is not documented
            raise UnreadableError(f"it is no .npz file with a header, or is damaged ({error})") from error
    if not of_ours:
        raise UnreadableError("it was not written by workings")
    version = header.get("version")
    if version != VERSION:
        raise UnreadableError(
            f"its format has the version {version!r}, and this workings reads version {VERSION}: update workings"
        )
    promised, found = header.get("arrays"), {name: [a.dtype.str, list(a.shape)] for name, a in arrays.items()}
    if promised != found:
        raise UnreadableError(f"its arrays {found} are not those that its header promises, {promised}")
    try:
        return {key: from_json(value) for key, value in header["content"].items()}, arrays
    except Exception as error:  # whatever a header of other values may lead to
        raise UnreadableError(f"its header is damaged ({error!r})") from error


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
    if isinstance(value, np.generic | np.ndarray) and _is_plain(value.dtype):
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
            if not _is_plain(np.dtype(dtype)):
                raise ValueError(f"arrays of {dtype!r} are not loaded")
            array = np.array([from_json(part) for part in parts], np.dtype(dtype)).reshape(shape)
            return array if kind == "array" else array[()]
        case "RandomState":
            return generator_in(checked_generator(from_json(inside)))
    raise ValueError(f"nothing is known of the type {kind!r}")


def checked_generator(state: Any) -> dict[str, Any]:
    """Return the state of a generator, once it is certain that it is one.

    Parameters
    ----------
    state : dict
        From ``RandomState.get_state(legacy=False)``.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the generator is unknown, or the state is none of its own.
    """
    if not isinstance(state, dict) or state.get("bit_generator") not in _GENERATORS:
        raise ValueError("the state of the random numbers is none of NumPy's")
    # a position beyond the key would be read from foreign memory
    if state["bit_generator"] == "MT19937" and not 0 <= state["state"]["pos"] <= len(state["state"]["key"]) == 624:
        raise ValueError("the state of the random numbers has a wrong length")
    generator_in(state)
    return state


def _is_plain(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "biuU" or dtype in (np.float16, np.float32, np.float64)


def _read_arrays(stream: IO[bytes]) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            # in full first, which compares its checksum
            content = io.BytesIO(archive.read(name))
            array = np.lib.format.read_array(content, allow_pickle=False)
            if not name.endswith(".npy") or name.removesuffix(".npy") in arrays or content.read(1):
                raise UnreadableError(f"its part {name!r} is not an array")
            arrays[name.removesuffix(".npy")] = array
    return arrays


def _replace(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a draft through to the disk and put it in the place of `target`."""
    for abandoned in target.parent.glob(f".{_escaped(target.name)}.*.tmp"):
        _remove_unless_in_use(abandoned)
    draft = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        with draft.open("xb") as stream:
            if fcntl is not None:
                fcntl.flock(stream, fcntl.LOCK_EX)
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
            if fcntl is not None:  # elsewhere an open file cannot be renamed
                os.replace(draft, target)
        if fcntl is None:
            os.replace(draft, target)
        else:
            _write_through(target.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _remove_unless_in_use(draft: Path) -> None:
    """Remove what a killed process has left; whoever is still writing holds a lock."""
    try:
        with draft.open("rb") as stream:
            if fcntl is not None:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                draft.unlink()
        if fcntl is None:
            draft.unlink()
    except OSError:
        return


def _write_through(folder: Path) -> None:
    """Bring the new name itself to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
