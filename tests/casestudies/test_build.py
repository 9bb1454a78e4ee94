"""The command that executes the case studies: what it writes, what it refuses, and how it says so."""

import importlib.util
import json
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "casestudies"
spec = importlib.util.spec_from_file_location("casestudies_build", FOLDER / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

GOOD = """# %% [markdown]
# # A study
#
# ## Derive

# %%
import os
import sys
print("one", flush=True)
print("two", flush=True)

# %%
os.environ["OMP_NUM_THREADS"], len(sys.argv) > 0
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    (folder / "good.py").write_text(GOOD, "utf-8")
    (folder / "helper.py").write_text("x = 1\n", "utf-8")
    return folder, build.build("good", folder).read_bytes()


def test_a_study_is_a_file_with_cells(built):
    assert build.studies(built[0]) == ["good"]
    assert "build" not in build.studies()
    assert "style" not in build.studies()


def test_the_notebook_is_valid_and_has_outputs(built):
    folder, content = built
    notebook = nbformat.read(folder / "good.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
    assert notebook.cells[1].outputs[0].text == "one\ntwo\n"
    assert "'1'" in notebook.cells[2].outputs[0].data["text/plain"]
    assert list(folder.glob("*.partial")) == []
    assert json.loads(content)["metadata"] == build.METADATA


def test_the_same_source_gives_the_same_bytes(built):
    folder, content = built
    assert build.build("good", folder).read_bytes() == content


def test_ids_are_unique_and_do_not_move_when_another_cell_changes():
    twice = build.convert(GOOD + "\n# %%\nx = 1\n\n# %%\nx = 1\n")
    ids = [cell.id for cell in twice.cells]
    assert len(set(ids)) == 5
    assert ids[:3] == [cell.id for cell in build.convert(GOOD).cells]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("raise ValueError('no digits left')", "ValueError: no digits left"),
        ("assert 1 == 2, 'unequal'", "AssertionError: unequal"),
        ("import warnings\nwarnings.warn('careful')", "writes to stderr"),
        ("object()", "only this machine has"),
        ("import sys\nprint(sys.prefix + '/lib')", "only this machine has"),
    ],
)
def test_a_bad_cell_is_named_and_the_old_notebook_survives(tmp_path, cell, words):
    (tmp_path / "bad.py").write_text(f"{GOOD}\n# %%\n# the culprit\n{cell}\n", "utf-8")
    (tmp_path / "bad.ipynb").write_text("old", "utf-8")
    with pytest.raises(build.StudyError, match=re.escape(words)) as caught:
        build.build("bad", tmp_path)
    assert str(caught.value).startswith("bad.py, cell 4, under 'Derive': '# the culprit'")
    assert (tmp_path / "bad.ipynb").read_text("utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb", "bad.py"]


def test_a_notebook_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "big.py").write_text("# %%\nprint('x' * 1_100_000)\n", "utf-8")
    with pytest.raises(build.StudyError, match="more than 1000000"):
        build.build("big", tmp_path)
    assert not (tmp_path / "big.ipynb").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("two", "2", "cell 2, under 'Derive'"),
        ("# # A study", "# # Another", "cell 1"),
        ('\n# %%\nos.environ["OMP_NUM_THREADS"], len(sys.argv) > 0\n', "", "1 more cells"),
        ("# %%\nimport os", "# %%\n\n# %%\nimport os", "cell 2"),
    ],
)
def test_a_source_that_has_moved_on_is_named(built, tmp_path, old, new, words):
    assert old in GOOD
    (tmp_path / "good.ipynb").write_bytes(built[1])
    (tmp_path / "good.py").write_text(GOOD.replace(old, new), "utf-8")
    assert words in build.disagreement("good", tmp_path)
    with pytest.raises(build.StudyError, match="rebuild it"):
        build.check("good", tmp_path)


def test_a_missing_notebook_is_named(tmp_path):
    (tmp_path / "good.py").write_text(GOOD, "utf-8")
    assert build.disagreement("good", tmp_path) == "good.ipynb is missing"


def test_an_unknown_name_gets_a_sentence_and_status_two(capsys):
    with pytest.raises(SystemExit) as caught:
        build.main(["k_medians"])
    assert caught.value.code == 2
    assert "unknown study k_medians" in capsys.readouterr().err


@pytest.mark.parametrize("name", build.studies())
def test_the_committed_notebook_has_the_same_source(name):
    assert build.disagreement(name) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", build.studies())
def test_the_study_executes(name):
    build.check(name)
