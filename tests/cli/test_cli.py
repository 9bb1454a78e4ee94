"""The command line: exit statuses, one sentence an error, nothing half-written, the same numbers everywhere."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import workings
import workings.report
from workings import cli
from workings.__main__ import main
from workings.linear_model import LinearRegression
from workings.validate import Comparison, Study, Validation, Verdict, kmeans

ROW = Comparison(
    algorithm="linear",
    dataset="diabetes",
    configuration="LinearRegression()",
    voice="estimator",
    reference="scikit-learn tol=0",
    quantity="coef_",
    max_absolute=1e-13,
    max_relative=1e-15,
    tolerance=1e-12,
    reason="Because.",
    verdict=Verdict.WITHIN_BOUND,
)
EXPLAINED = replace(ROW, quantity="rank_", verdict=Verdict.DIFFERS, who_is_right="ours: 16 digits against 0.")
UNKNOWN = replace(ROW, quantity="score", max_relative=float("inf"), verdict=Verdict.DIFFERS)


def validation(*rows: Comparison) -> Validation:
    study = Study("linear", "diabetes", "Diabetes", "Some words.", rows or (ROW,))
    return Validation((study,), {"workings": "0"})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Run the command in an empty folder; `found` is what the validation finds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*arguments: str, found: Validation | BaseException | None = None) -> Any:
        def pretend(names: Any, progress: Callable[[str, int, int], None]) -> Validation:
            progress("linear: diabetes", 0, 1)
            if isinstance(found, BaseException):
                raise found
            progress("", 1, 1)
            return found if found is not None else validation()

        monkeypatch.setattr(cli, "validate", pretend)
        return CliRunner().invoke(cli.app, list(arguments))

    return invoke


def subprocess_run(*arguments: str, cwd: Path, code: str | None = None) -> subprocess.CompletedProcess[str]:
    start = ["-m", "workings"] if code is None else ["-c", code]
    source = str(Path(workings.__file__).parents[1])
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": source, "COLUMNS": "80"},
        check=False,
    )


def test_a_full_run_prints_a_table_and_the_path_of_the_page(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("validate")
    assert result.exit_code == 0
    assert (tmp_path / "workings-report" / "validation.html").is_file()
    assert result.stdout.splitlines()[-1] == "Page: workings-report/validation.html"
    assert "diabetes" in result.stdout
    assert "within the bound" in result.stdout
    assert "1 comparison: 0 same bits, 1 within the bound, 0 differ" in result.stdout
    assert "[ 1/1] linear: diabetes" in result.stderr


def test_the_json_twin_holds_the_numbers_that_json_prints(run: Callable[..., Any], tmp_path: Path) -> None:
    found = validation(ROW, EXPLAINED)
    assert run("validate", "--out", "page", found=found).exit_code == 0
    printed = json.loads(run("validate", "--json", found=found).stdout)
    assert printed == json.loads((tmp_path / "page" / "validation.json").read_text()) == found.to_dict()


def test_json_alone_writes_no_file_and_with_out_it_does(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("validate", "--json").exit_code == 0
    assert list(tmp_path.iterdir()) == []
    result = run("validate", "--json", "--out", "page")
    json.loads(result.stdout)
    assert (tmp_path / "page" / "validation.html").is_file()


def test_an_unexplained_difference_is_exit_status_1_and_named(run: Callable[..., Any]) -> None:
    result = run("validate", found=validation(ROW, UNKNOWN))
    assert result.exit_code == 1
    flat = " ".join(result.stdout.split())
    assert "UNEXPLAINED" in flat
    assert "linear, diabetes, LinearRegression(), ours beside scikit-learn tol=0: score differs by inf" in flat
    assert "1 differ, 1 unexplained" in flat
    assert run("validate", "--json", found=validation(UNKNOWN)).exit_code == 1


def test_an_explained_difference_is_exit_status_0_and_explained(run: Callable[..., Any]) -> None:
    result = run("validate", found=validation(ROW, EXPLAINED))
    assert result.exit_code == 0
    assert "(rank_): ours: 16 digits against 0." in " ".join(result.stdout.split())


def test_a_tampered_coefficient_ends_in_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the whole way: an estimator that is off by 1e-7 in one coefficient of one data set
    original = LinearRegression.fit

    def fit(self: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        original(self, X, y, sample_weight)
        if np.shape(X) == (16, 6):
            self.coef_[3] *= 1 + 1e-7
        return self

    monkeypatch.setattr(LinearRegression, "fit", fit)
    result = CliRunner().invoke(cli.app, ["validate", "linear", "--json"])
    assert result.exit_code == 1
    rows = [row for study in json.loads(result.stdout)["studies"] for row in study["comparisons"]]
    named = {(r["dataset"], r["reference"]) for r in rows if r["verdict"] == "differs" and not r["who_is_right"]}
    assert ("NIST Longley", "exact") in named
    assert {dataset for dataset, _ in named} == {"NIST Longley"}


def test_an_unknown_name_is_one_sentence(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("validate", "linear", "forest")
    assert result.exit_code == 2
    assert result.stderr == "workings: there is no algorithm 'forest'; choose from linear, kmeans, neural.\n"
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["file", "file/below", "file/below/deeper", "dangling"])
def test_a_folder_that_cannot_be_is_one_sentence(run: Callable[..., Any], tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.iterdir())
    result = run("validate", "--out", where)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"workings: cannot write to {where}: ")
    assert result.stderr.endswith("is not a folder.\n")
    assert len(result.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("where", ["x" * 300, "/proc/nowhere"])
def test_other_impossible_folders(run: Callable[..., Any], where: str) -> None:
    result = run("validate", "--out", where)
    assert result.exit_code == 2
    assert result.stderr.startswith("workings: cannot write to ")
    assert len(result.stderr.splitlines()) == 1


def test_a_full_disk_at_the_end_is_one_sentence(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workings.report, "write_report", full)
    result = run("validate", "--out", "page")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "workings: cannot write to page: No space left on device."
    assert list(tmp_path.iterdir()) == []


def test_a_page_whose_name_is_taken_by_a_folder_leaves_no_half_written_file(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "page" / "validation.html").mkdir(parents=True)
    result = run("validate", "--out", "page")
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["validation.html"]


@pytest.mark.parametrize(
    ("missing", "package", "arguments"),
    [
        ("typer", "typer", ()),
        ("rich", "rich", ()),
        ("sklearn", "scikit-learn", ("validate", "kmeans", "--json")),
        ("jinja2", "Jinja2", ("validate",)),
        ("matplotlib", "matplotlib", ("validate",)),
    ],
)
def test_a_missing_extra_is_one_sentence(
    tmp_path: Path, missing: str, package: str, arguments: tuple[str, ...]
) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from workings.__main__ import main; sys.exit(main())"
    result = subprocess_run(*arguments, cwd=tmp_path, code=code)
    assert result.returncode == 2
    assert result.stderr == f'workings: {package} is not installed; run: pip install "workings[all]"\n'
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_json_needs_no_package_of_the_page(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['jinja2'] = None\n"
        "from workings.__main__ import main; sys.exit(main())"
    )
    result = subprocess_run("validate", "kmeans", "--json", cwd=tmp_path, code=code)
    assert result.returncode == 0
    assert json.loads(result.stdout)["unexplained"] == 0


def test_a_module_of_our_own_that_is_missing_is_a_bug_and_not_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "workings.cli", None)
    with pytest.raises(ModuleNotFoundError):
        main()


def test_python_m_workings_runs_the_main_job(tmp_path: Path) -> None:
    result = subprocess_run("validate", "kmeans", "--out", "page", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "Page: page/validation.html"
    assert sorted(path.name for path in (tmp_path / "page").iterdir()) == ["validation.html", "validation.json"]
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert [line.split("] ")[1] for line in result.stderr.splitlines()] == [
        f"kmeans: {name}" for name, _ in kmeans.studies()
    ]
    again = subprocess_run("validate", "kmeans", "--out", "again", cwd=tmp_path)
    assert again.returncode == 0
    for name in ("validation.html", "validation.json"):
        assert (tmp_path / "page" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_an_empty_folder_name_is_one_sentence(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("validate", "--out", "")  # as from an unset variable of a shell
    assert result.exit_code == 2
    assert result.stderr == "workings: --out needs the name of a folder, and got an empty one.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full")
@pytest.mark.parametrize("option", ["--json", "--out=page"])
def test_output_that_cannot_be_printed_is_one_sentence(tmp_path: Path, option: str) -> None:
    code = """
import sys
from workings import cli
from workings.validate import Validation
cli.validate = lambda names, progress: Validation((), {})
cli.app(["validate", sys.argv[1]])
"""
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", code, option],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(workings.__file__).parents[1])},
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == "workings: cannot print the result: No space left on device.\n"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_during_a_training_ends_it_and_writes_nothing(tmp_path: Path) -> None:
    # training loops, ours and scikit-learn's, take KeyboardInterrupt for "stop early" and would go on
    source = str(Path(workings.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "workings", "validate", "neural", "--out", "page"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert process.stderr is not None
    assert "neural: breast_cancer" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "workings: interrupted; nothing was written."
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_is_ours_only_while_the_run_lasts(run: Callable[..., Any]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run("validate", "--json", found=cli.Interrupted()).exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before


def test_version_and_help(run: Callable[..., Any]) -> None:
    assert run("--version").stdout == f"workings {workings.__version__}\n"
    for arguments in ((), ("--help",)):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "validate" in result.stdout
    text = " ".join(run("validate", "--help").stdout.split())
    for promise in ("linear|kmeans|neural", "--out", "--json", "workings-report", "Exit status"):
        assert promise in text
    assert run("validate", "--nonsense").exit_code == 2


def test_a_narrow_terminal_loses_no_verdict(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = replace(ROW, dataset="turnover and rate")
    lines = run("validate", "--out", "page", found=validation(long, replace(ROW, voice="textbook"))).stdout.splitlines()
    assert any("turnover and rate ours     scikit-learn tol=0" in line and "within the bound" in line for line in lines)
    assert max(map(len, lines)) <= 80
