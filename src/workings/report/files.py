"""Several files that appear together or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write each content under its name in `folder`; on any error leave `folder` as it was.

    Parameters
    ----------
    folder : Path
        Made, with its parents, when it does not exist.
    contents : mapping of str to bytes
        File names and what they hold.

    Raises
    ------
    OSError
        When the folder cannot be made, a file cannot be written, or a name is taken by a folder.
    """
    made = _make(folder)
    drafts: dict[Path, Path] = {}
    before: dict[Path, bytes | None] = {}
    try:
        for name, content in contents.items():
            draft = folder / f".{name}.{secrets.token_hex(4)}.tmp"
            drafts[draft] = folder / name
            _write(draft, content)
        for draft, target in drafts.items():
            before[target] = target.read_bytes() if target.exists() else None
            os.replace(draft, target)
    except BaseException:
        for draft in drafts:
            draft.unlink(missing_ok=True)
        for target, old in before.items():
            _restore(target, old)
        for created in reversed(made):
            created.rmdir()
        raise


def _make(folder: Path) -> list[Path]:
    """Make `folder` and return what had to be made, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _write(path: Path, content: bytes) -> None:
    """Write a new file through to the disk, so that its rename never precedes its bytes."""
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _restore(target: Path, content: bytes | None) -> None:
    if content is None:
        target.unlink(missing_ok=True)
    elif target.read_bytes() != content:
        target.write_bytes(content)
