"""The algorithms stand on NumPy and pandas alone, and take no shortcuts."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import workings

SOURCE = Path(workings.__file__).parent
ALGORITHMS = (
    "base",
    "recording.py",
    "optimize",
    "linear_model",
    "cluster",
    "neural_network",
    "textbook",
    "explain",
    "audit",
)
# NumPy and pandas with what pandas itself requires; everything else that is installed is blocked
ALLOWED = {"workings", "numpy", "pandas", "dateutil", "six", "pytz", "tzdata"}

# what would do the work in the place of the derivation
SHORTCUTS = {"lstsq", "pinv", "polyfit", "cov", "corrcoef", "gradient", "kmeans", "curve_fit", "matrix_rank"}

RUN_BLOCKED = """
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        # the standard library lists all of its modules but the one that is named after the platform
        if root not in {allowed!r} | sys.stdlib_module_names and not root.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{{name}} is blocked by this test", name=name)

sys.meta_path.insert(0, Blocker())
{body}
"""

ALL_ALGORITHMS = """
import numpy as np
import workings
from workings.textbook import k_means, linear_regression, neural_network

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 4))
y = X @ np.arange(1.0, 5.0) + 0.1 * rng.normal(size=60)
classes = (y > 0).astype(int)
with workings.record() as tape:
    print(workings.LinearRegression().fit(X, y).score(X, y) > 0.99)
    print(workings.LinearRegression(positive=True).fit(X, y).coef_.min() >= 0)
    print(workings.KMeans(3, random_state=0).fit(X).transform(X).shape == (60, 3))
    for solver in ("adam", "sgd", "lbfgs"):
        model = workings.MLPClassifier(solver=solver, random_state=0, max_iter=30)
        print(model.fit(X, classes).predict_proba(X).shape == (60, 2))
        print(workings.MLPRegressor(solver=solver, random_state=0, max_iter=30).fit(X, y).predict(X).shape == (60,))
print(len(tape) > 100, {"sklearn", "scipy"}.isdisjoint(sys.modules))
print(model._repr_html_()[:8] == "<details")
"""


def run_blocked(body: str) -> subprocess.CompletedProcess[str]:
    script = RUN_BLOCKED.format(allowed=ALLOWED, body=body)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False, timeout=120
    )


def test_algorithms_run_with_everything_but_numpy_and_pandas_blocked():
    done = run_blocked(ALL_ALGORITHMS)
    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout
    assert done.stdout.count("True") == 12


@pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib", "jinja2", "pytest", "no_such_package"])
def test_the_blocker_blocks(package):
    done = run_blocked(f"import {package}")
    assert done.returncode != 0
    assert "blocked by this test" in done.stderr


def python_files(*parts: str) -> list[Path]:
    files: list[Path] = []
    for part in parts:
        path = SOURCE / part
        files += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return files


def names_used(source: str) -> set[str]:
    """Attributes and imported names in a piece of Python, without strings and comments."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in ("np", "numpy", "pd", "linalg"):
                used.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            used |= {alias.name for alias in node.names} if (node.module or "").startswith("numpy") else set()
    return used


@pytest.mark.parametrize("path", python_files(*ALGORITHMS), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_shortcuts_in_the_algorithms(path):
    assert not names_used(path.read_text()) & SHORTCUTS


def test_the_shortcut_test_sees_shortcuts():
    assert names_used("import numpy as np\nx = np.linalg.lstsq(A, b)") & SHORTCUTS
    assert names_used("from numpy.linalg import pinv") & SHORTCUTS
    assert not names_used("gradient = model.gradient") & SHORTCUTS


@pytest.mark.parametrize("path", python_files("textbook"), ids=lambda path: path.name)
def test_the_textbook_writes_out_its_linear_algebra(path):
    assert "linalg" not in names_used(path.read_text())


@pytest.mark.parametrize("path", python_files("."), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_validate_and_two_methods_import_scikit_learn(path):
    inside = path.relative_to(SOURCE).parts[0]
    imports = re.findall(r"^(\s*)(?:from|import) (?:sklearn|scipy)\b.*$", path.read_text(), flags=re.MULTILINE)
    if inside != "validate":
        # at most inside the protocol methods that only scikit-learn calls
        assert all(len(indent) >= 4 for indent in imports)
        allowed = inside == "base" or "__sklearn_tags__" in path.read_text()
        assert not imports or allowed
