"""Writing a file as a whole: whoever looks at it finds the old one or the new one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed anyway
    fcntl = None


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


def replace_file(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a draft through to the disk and put it in the place of a file.

    Parameters
    ----------
    target : Path
        From `place_of`.
    write : callable
        Takes the open draft.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is as it was, as after any exception of `write`.

    Notes
    -----
    The draft lies in the same folder, under a hidden name that ends in ``.tmp``. A process that is killed leaves it
    behind, and the next writing of the same file removes it.
    """
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
