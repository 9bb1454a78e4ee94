"""Every equation has a number, and every number a line of code and a check: in both directions.

The register of one algorithm is read from four places, which must hold the same tags:

- the `Equations` list of the textbook page's docstring, `OLS.3   formula   name`, numbered from 1 without a gap;
- the comments of the page's code lines, `# OLS.3` or `# NN.15, NN.16`;
- the displayed equations of the notebook's Derive section, `\\tag{OLS.3}`, each once and in order;
- the Derive section's check cells: code cells whose first line is `# check OLS.3, OLS.4` and which assert something.
  The check of a tag stands in the code cells that follow its equation, before the next equation.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import nbformat
import pytest

import workings.textbook

PAGES = Path(workings.textbook.__file__).parent
NOTEBOOKS = Path(__file__).parents[2] / "casestudies"
ALGORITHMS = {"linear_regression": "OLS", "k_means": "KM", "neural_network": "NN"}
SECTIONS = ["Select", "Derive", "Implement", "Validate", "Document"]


def listed(page):
    """Return the tags of the docstring's list of equations, in order."""
    return re.findall(r"^([A-Z]+\.\d+)\s", ast.get_docstring(ast.parse(page)), re.MULTILINE)


def implemented(page):
    """Return the tags in comments that share their line with code."""
    tags = set()
    for token in tokenize.generate_tokens(io.StringIO(page).readline):
        if token.type == tokenize.COMMENT and token.line.split("#")[0].strip():
            tags |= set(re.findall(r"\b[A-Z]+\.\d+\b", token.string))
    return tags


def section(notebook, name):
    """Return the cells between the heading `## name` and the next heading of that level."""
    inside, cells = False, []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.search(r"^## (.+)$", cell.source, re.MULTILINE)):
            inside = heading[1].strip() == name
        if inside:
            cells.append(cell)
    return cells


def displayed(cell):
    """Return the tags of a markdown cell's displayed equations, in order."""
    return re.findall(r"\\tag\{([^}]+)\}", cell.source) if cell.cell_type == "markdown" else []


def checked(cell):
    """Return the tags that a check cell names; none for any other cell."""
    first_line = cell.source.partition("\n")[0]
    if cell.cell_type != "code" or not first_line.startswith("# check ") or "assert" not in cell.source:
        return []
    return re.findall(r"\b[A-Z]+\.\d+\b", first_line)


def complaints(prefix, page, notebook):
    """Return a sentence for each tag that one place has and another lacks."""
    tags = listed(page)
    found = []
    if not tags or tags != [f"{prefix}.{i + 1}" for i in range(len(tags))]:
        found.append(f"the docstring does not number {prefix}.1, {prefix}.2, ... without a gap: {tags}")
    derive = section(notebook, "Derive")
    shown = [tag for cell in derive for tag in displayed(cell)]
    if shown != sorted(set(shown), key=lambda tag: int(tag.partition(".")[2])):
        found.append(f"the notebook shows equations twice or out of order: {shown}")
    open_tags, closed = set(), set()
    for cell in derive:
        if new := displayed(cell):
            found += [f"no check cell follows {tag}" for tag in sorted(open_tags)]
            open_tags = set(new)
        found += [f"the check of {tag} does not follow its equation" for tag in checked(cell) if tag not in shown]
        closed |= open_tags & set(checked(cell))
        open_tags -= closed
    found += [f"no check cell follows {tag}" for tag in sorted(open_tags)]
    places = {
        "the docstring": set(tags),
        "the code": implemented(page),
        "the notebook": set(shown),
        "the check cells": closed,
    }
    everywhere = set().union(*places.values())
    found += [f"{place} lacks {tag}" for place, has in places.items() for tag in sorted(everywhere - has)]
    return found


def read(name):
    """Return the source of a textbook page and its notebook."""
    page = (PAGES / f"{name}.py").read_text("utf-8")
    return page, nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_tag_is_listed_implemented_derived_and_checked(name):
    assert complaints(ALGORITHMS[name], *read(name)) == []


@pytest.mark.parametrize("name", ALGORITHMS)
def test_sections(name):
    _, notebook = read(name)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(re.findall(r"^# .+$", text, re.MULTILINE)) == 1


def test_every_tag_anywhere_in_the_package_is_in_the_register():
    known = {tag for name in ALGORITHMS for tag in listed((PAGES / f"{name}.py").read_text("utf-8"))}
    for file in sorted(PAGES.parent.rglob("*.py")):
        used = re.findall(r"\b(?:OLS|KM|NN)\.\d+\b", file.read_text("utf-8"))
        assert set(used) <= known, file.name


ESTIMATORS = {
    "linear_regression": ["linear_model"],
    "k_means": ["cluster"],
    "neural_network": ["neural_network", "optimize"],
}
DERIVED_ONLY = {
    "OLS.2": "direct solvers never evaluate the loss; descent has that of the QR triangle",
    "OLS.3": "its root is solved for, in OLS.6; descent has the gradient of the QR triangle",
    "OLS.4": "its root is solved for, in OLS.5",
    "OLS.9": "NumPy has no triangular solve; the factor's inverse stands in",
    "OLS.11": "the update rules of descent are those of the networks, in optimize",
    "OLS.12": "descent has a root of the Hessian, the QR triangle, and never forms it",
    "OLS.13": "descent takes the curvatures from the singular values of that triangle",
    "KM.4": "its root is computed, in KM.5",
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_estimators_lines_carry_the_tags_too(name):
    files = [file for package in ESTIMATORS[name] for file in (PAGES.parent / package).rglob("*.py")]
    carried = {tag for file in files for tag in implemented(file.read_text("utf-8"))}
    expected = set(listed((PAGES / f"{name}.py").read_text("utf-8")))
    assert expected - carried == {tag for tag in DERIVED_ONLY if tag.split(".")[0] == ALGORITHMS[name]}


SMALL_PAGE = (
    '"""A page.\n\nEquations\n---------\nOLS.1  a = b  one\nOLS.2  c = d  two\n"""\n\na = 1  # OLS.1\nc = 2  # OLS.2\n'
)
SMALL_CELLS = [
    ("markdown", "## Derive"),
    ("markdown", "$$ a = b \\tag{OLS.1} $$"),
    ("code", "# check OLS.1\nassert 1"),
    ("markdown", "$$ c = d \\tag{OLS.2} $$"),
    ("code", "# check OLS.2\nassert 1"),
    ("markdown", "## Implement"),
]


def small_notebook(cells):
    """Return a notebook of (kind, source) pairs."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    return nbformat.v4.new_notebook(cells=[make[kind](source) for kind, source in cells])


def test_the_register_accepts_a_complete_pair():
    assert complaints("OLS", SMALL_PAGE, small_notebook(SMALL_CELLS)) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("OLS.2  c = d  two\n", "", "the docstring lacks OLS.2"),
        ("OLS.2  c = d", "OLS.3  c = d", "without a gap"),
        ("  # OLS.2", "", "the code lacks OLS.2"),
        ("c = 2  # OLS.2", "# OLS.2", "the code lacks OLS.2"),
        ("  # OLS.2", "  # OLS.2, OLS.9", "the docstring lacks OLS.9"),
    ],
)
def test_a_tag_missing_from_the_page_is_a_complaint(old, new, sentence):
    assert old in SMALL_PAGE
    words = complaints("OLS", SMALL_PAGE.replace(old, new), small_notebook(SMALL_CELLS))
    assert any(sentence in line for line in words)


@pytest.mark.parametrize(
    ("index", "cell", "sentence"),
    [
        (3, ("markdown", "no equation here"), "the notebook lacks OLS.2"),
        (3, ("markdown", "$$ \\tag{OLS.2} \\tag{OLS.3} $$"), "the code lacks OLS.3"),
        (3, ("markdown", "$$ \\tag{OLS.1} $$"), "twice or out of order"),
        (4, ("code", "assert 1"), "no check cell follows OLS.2"),
        (4, ("code", "# check OLS.2\nprint(1)"), "the check cells lacks OLS.2"),
        (4, ("code", "# check OLS.1\nassert 1"), "no check cell follows OLS.2"),
        (4, ("code", "# check OLS.2, OLS.7\nassert 1"), "the check of OLS.7 does not follow its equation"),
        (3, ("markdown", "## Implement\n$$ c = d \\tag{OLS.2} $$"), "the notebook lacks OLS.2"),
    ],
)
def test_a_tag_missing_from_the_notebook_is_a_complaint(index, cell, sentence):
    cells = [*SMALL_CELLS[:index], cell, *SMALL_CELLS[index + 1 :]]
    assert any(sentence in line for line in complaints("OLS", SMALL_PAGE, small_notebook(cells)))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_removing_any_one_tag_of_a_real_page_is_noticed(name):
    page, notebook = read(name)
    for tag in listed(page):
        without = re.sub(rf"(#.*?)\b{re.escape(tag)}\b", r"\1", page)
        assert any(tag in line for line in complaints(ALGORITHMS[name], without, notebook)), tag
