"""The README's example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), flags=re.DOTALL)
    exec(example, {})
    score, *_ = capsys.readouterr().out.split()
    assert round(float(score), 2) == 0.52  # diabetes, as in every textbook that uses it


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8"))
    assert len(links) > 5
    assert [link for link in links if not (README.parent / link).exists()] == []
