"""The README's example runs as it stands, and prints what the README shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs_and_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    readme = README.read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    shown = readme.partition(example)[2].partition("```text\n")[2].partition("```")[0]
    exec(example, {})
    printed = capsys.readouterr().out
    score, *_ = printed.split()
    assert round(float(score), 2) == 0.52  # diabetes, as in every textbook that uses it
    lines = [line for line in shown.splitlines() if line != "..."]
    assert len(lines) > 2
    assert [line for line in lines if line not in printed.splitlines()] == []


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8"))
    assert len(links) > 5
    assert [link for link in links if not (README.parent / link).exists()] == []
