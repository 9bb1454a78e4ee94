"""Both files appear or neither does, whatever fails and whenever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workings.report import files, write_report
from workings.report.files import write_together
from workings.validate.results import Picture, Study, Validation


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_readable_by_whoever_the_umask_allows(tmp_path: Path) -> None:
    write_together(tmp_path, {"a": b"1"})
    before = os.umask(0)
    os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~before


@pytest.mark.parametrize("step", ["second draft", "second name"])
@pytest.mark.parametrize("before", [{}, {"page": b"old page", "twin": b"old twin"}])
def test_a_failure_in_the_middle_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: dict[str, bytes]
) -> None:
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    target, name = (files, "_write") if step == "second draft" else (os, "replace")
    real, calls = getattr(target, name), []

    def fails_second(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("no space left on device")
        real(*arguments)

    monkeypatch.setattr(target, name, fails_second)
    with pytest.raises(OSError, match="no space left"):
        write_together(tmp_path, {"twin": b"new twin", "page": b"new page"})
    assert held(tmp_path) == before


def test_a_half_written_draft_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_disk(descriptor: int) -> None:
        raise OSError("input/output error")

    monkeypatch.setattr(os, "fsync", no_disk)
    with pytest.raises(OSError, match="input/output"):
        write_together(tmp_path / "new" / "folder", {"page": b"x"})
    assert held(tmp_path) == {}


def test_a_folder_in_the_page_s_place(tmp_path: Path, validation: Validation) -> None:
    (tmp_path / "validation.html").mkdir()
    with pytest.raises(IsADirectoryError):
        write_report(Validation((), {}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["validation.html"]


def test_a_file_in_the_folder_s_place(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(OSError, match="report"):
        write_report(Validation((), {}), tmp_path / "report")
    assert held(tmp_path) == {"report": b"mine"}


def test_a_picture_that_cannot_be_drawn_writes_nothing(tmp_path: Path) -> None:
    study = Study("linear", "set", "heading", "words", (), (Picture("curves", "a claim", "alt"),))
    with pytest.raises(ValueError, match="'a claim'"):
        write_report(Validation((study,), {}), tmp_path / "report")
    assert held(tmp_path) == {}
