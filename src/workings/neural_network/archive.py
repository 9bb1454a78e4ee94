"""A file of arrays and a header of plain values: written whole or not at all, and read without running anything."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from workings.neural_network.atomic_file import replace_file
from workings.neural_network.parameters import Array
from workings.neural_network.plain_values import from_json, is_plain, to_json

FORMAT = "workings neural network"
VERSION = 1


class UnreadableError(ValueError):
    """A file does not hold what it should hold."""


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
    """
    for name, array in arrays.items():
        if not is_plain(array.dtype):
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

    replace_file(target, write)


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
