"""The page: same bytes, nothing executed, nothing loaded, nothing without words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import matplotlib
import pytest

from workings.report import render_page, write_report
from workings.validate.results import Validation

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Elements(HTMLParser):
    """Every element with its attributes and the tags it lies in."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.path: list[str] = []
        self.feed(document)
        assert self.path == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}, tuple(self.path)))
        if tag not in VOID:
            self.path.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}, tuple(self.path)))

    def handle_endtag(self, tag):
        assert self.path.pop() == tag

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes, _ in self.found if found == tag]


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_same_bytes_in_two_processes_with_different_hash_seeds(tmp_path: Path) -> None:
    conftest = Path(__file__).with_name("conftest.py")
    script = (
        "import runpy, sys; from pathlib import Path; from workings.report import write_report;"
        f"write_report(runpy.run_path({str(conftest)!r})['synthetic'](), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    for name in ("validation.html", "validation.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_reader_s_own_matplotlib_settings_change_nothing(page: str, validation: Validation) -> None:
    settings = {"font.size": 31, "axes.grid": True, "lines.linewidth": 9, "text.usetex": True, "svg.fonttype": "path"}
    with matplotlib.rc_context(settings):
        assert render_page(validation) == page
        assert matplotlib.rcParams["font.size"] == 31


def test_twin_holds_the_same_numbers(tmp_path: Path, validation: Validation) -> None:
    path = write_report(validation, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "validation.html"
    assert json.loads(path.with_suffix(".json").read_text()) == json.loads(json.dumps(validation.to_dict()))


def test_hostile_names_are_text(page: str, elements: Elements) -> None:
    assert elements.named("script") == []
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "a" * 5000 not in page
    assert "(10,000 characters)" in page
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", page)
    assert not [name for _, attributes, _ in elements.found for name in attributes if name.startswith("on")]


def test_nothing_is_loaded_from_anywhere(page: str, elements: Elements) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    for tag, attributes, _ in elements.found:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#") or attributes["href"] == "validation.json"


def test_every_link_leads_somewhere_and_identifiers_are_unique(elements: Elements) -> None:
    identifiers = [attributes["id"] for _, attributes, _ in elements.found if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for _, attributes, _ in elements.found:
        targets = re.findall(r"url\(#(.+?)\)", " ".join(attributes.values()))
        targets += [attributes["href"][1:]] if attributes.get("href", "").startswith("#") else []
        targets += attributes.get("aria-labelledby", "").split()
        assert set(targets) <= set(identifiers)


def test_every_picture_has_words_and_a_table_beside_it(elements: Elements, validation: Validation) -> None:
    pictures = [attributes for _, attributes, _ in elements.found if attributes.get("role") == "img"]
    assert len(pictures) == sum(len(study.pictures) for study in validation.studies)
    assert all(attributes["aria-label"].strip() for attributes in pictures)
    for tag, _, path in elements.found:
        assert tag != "svg" or "figure" in path, "no picture outside a described figure"
    tables = len(elements.named("table"))
    assert tables == len(elements.named("caption"))
    assert all(attributes.get("scope") in {"col", "row", "rowgroup"} for attributes in elements.named("th"))


def test_structure_for_a_reader_who_listens(elements: Elements) -> None:
    assert [attributes["lang"] for attributes in elements.named("html")] == ["en"]
    assert len(elements.named("h1")) == len(elements.named("main")) == len(elements.named("footer")) == 1
    assert elements.named("a")[0] == {"class": "skip", "href": "#main"}
    levels = [int(tag[1]) for tag, _, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_each_verdict_has_its_words(page: str) -> None:
    for words in ("same bits", "within the bound", "differs, explained", "differs, unexplained"):
        assert f"</span>{words}</span>" in page
    assert "<strong>The exact answer is right</strong>: 199.0 by rational arithmetic" in page


def test_a_validation_of_nothing_is_a_page(elements: Elements) -> None:
    document = render_page(Validation((), {}))
    Elements(document)
    assert "Nothing was compared." in document
