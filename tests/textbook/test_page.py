"""What makes the textbook a textbook: no factorisation from a library, no shortcut, a page each."""

import ast
from pathlib import Path

import pytest

import workings.textbook

PAGES = sorted(Path(workings.textbook.__file__).parent.glob("*.py"))
FORBIDDEN = {
    "linalg", "lstsq", "pinv", "polyfit", "cov", "corrcoef", "inv", "solve", "einsum", "vectorize"
}  # fmt: skip
ALLOWED_IMPORTS = ("__future__", "collections.abc", "itertools", "typing", "numpy", "workings.textbook")


def shortcuts(source):
    """Return the forbidden words that `source` uses as an attribute, a name or in an import, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word):
                words, modules = [word], []
            case ast.Import(names=names):
                words, modules = [], [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names):
                words, modules = [alias.name for alias in names], [module or ""]
            case _:
                continue
        parts = {part for word in [*words, *modules] for part in word.split(".")}
        found += [f"line {node.lineno}: {word}" for word in sorted(parts & FORBIDDEN)]
        found += [f"line {node.lineno}: import of {name}" for name in modules if not allowed(name)]
    return found


def allowed(module):
    """Whether a page may import `module`: NumPy, its own package, and what typing needs."""
    return any(module == start or module.startswith(start + ".") for start in ALLOWED_IMPORTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_shortcut(page):
    assert shortcuts(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np\nx = np.linalg.solve(A, b)",
        "from numpy.linalg import cholesky",
        "import numpy.linalg as la",
        "from numpy import linalg",
        "import scipy",
        "from sklearn.cluster import KMeans",
        "x = np.polyfit(a, b, 1)",
    ],
)
def test_the_check_above_can_fail(line):
    assert shortcuts(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_stays_a_page(page):
    assert len(page.read_text("utf-8").splitlines()) <= 300
