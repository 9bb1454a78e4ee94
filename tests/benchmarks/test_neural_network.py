"""The benchmark of networks measures what it says: planted winners, losers and differences come out as planted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
from benchmarks.neural import (
    agreement,
    aims,
    contenders,
    data,
    fits,
    growth,
    inference,
    lost,
    memory,
    pytorch,
    quasi_newton,
    tables,
)
from benchmarks.neural.cases import Case
from benchmarks.neural.contenders import FAST, NOT_MEASURED, PYTORCH, estimator

import race
import resident

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "neural_network.py"
PARTS = {"fits": fits, "lbfgs": quasi_newton, "inference": inference, "memory": memory, "growth": growth}
FITS = {case.label: case for case in fits.CASES}
SMALL = replace(FITS["iris 150 x 4 (10), batch 8"], epochs=3)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # few epochs converge to nothing


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "SHORTEST", 1e-9)


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """A stand-in that takes every call and splits rows into batches."""

    class Order:
        def __init__(self, n: int) -> None:
            self.n = n

        def split(self, batch: int) -> list[slice]:
            return [slice(start, start + batch) for start in range(0, self.n, batch)]

    stand_in = MagicMock()
    stand_in.randperm = Order
    monkeypatch.setitem(sys.modules, "torch", stand_in)
    monkeypatch.delitem(NOT_MEASURED, PYTORCH, raising=False)
    return stand_in


# -- cases and contenders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_labels_tell_the_cases_of_a_group_apart(part: str, quick: bool) -> None:
    for cases in PARTS[part].groups(quick).values():
        labels = [case.label for case in cases]
        assert len(set(labels)) == len(labels) > 0


@pytest.mark.parametrize("case", [replace(case, dtype="float32") for case in fits.CASES if "50000" not in case.label])
def test_a_case_gives_the_same_rows_every_time(case: Case) -> None:
    (X, y), (again, target) = case.rows(), case.rows()
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert np.array_equal(X, again)
    assert np.array_equal(y, target)
    assert y.dtype == np.float32 if case.kind == "MLPRegressor" else np.issubdtype(y.dtype, np.integer)


def test_the_adaptive_rate_falls_every_third_epoch() -> None:
    case = FITS["digits (100), sgd with adaptive rate"]
    model = estimator("scikit-learn", case.kind, **case.parameters).fit(*case.rows())
    # 12 epochs, of which the first improves: a fall at the ends of the 4th, 7th and 10th
    assert model.n_iter_ == case.epochs == 12
    assert model._optimizer.learning_rate == pytest.approx(0.05 / 5**3, rel=1e-12)


def test_what_is_absent_is_named() -> None:
    assert ("torch" in sys.modules or PYTORCH in NOT_MEASURED) or contenders.find_spec("torch")
    assert NOT_MEASURED.get(PYTORCH, "not installed") == "not installed"


def test_every_epoch_is_run_by_both() -> None:
    for name in ("workings", "scikit-learn"):
        assert estimator(name, SMALL.kind, **SMALL.parameters).fit(*SMALL.rows()).n_iter_ == SMALL.epochs


# -- agreement -----------------------------------------------------------------------------------------------------


def network(activation: str = "relu", out: str = "softmax") -> MagicMock:
    return MagicMock(activation=activation, out_activation_=out)


def test_one_unit_in_the_last_place_is_noticed() -> None:
    theirs = {"coefs_": [np.array([4.0, 0.5])], "loss_curve_": [1.0, 0.5]}
    equal = agreement.compare(theirs, theirs, network(), "float64")
    assert equal == {"bits are promised": True, "other bits": [], "relative difference": 0.0}
    off = {**theirs, "coefs_": [np.array([4.0, np.nextafter(0.5, 1.0)])]}
    found = agreement.compare(off, theirs, network(), "float64")
    assert found["other bits"] == ["coefs_"]
    assert found["relative difference"] == pytest.approx(2.0**-53 / 4.0, rel=0.05)  # written with two digits
    single = {**theirs, "coefs_": [np.array([4.0, 0.5], np.float32)]}
    assert agreement.compare(single, theirs, network(), "float64")["other bits"] == ["coefs_"]
    integers, zeros = {"coefs_": [np.zeros(2, np.int64)]}, {"coefs_": [np.zeros(2)]}  # the same bytes
    assert agreement.compare(integers, zeros, network(), "float64")["other bits"] == ["coefs_"]
    with pytest.raises(ValueError, match=r"zip\(\)"):
        agreement.compare({**theirs, "loss_curve_": [1.0]}, theirs, network(), "float64")


@pytest.mark.parametrize(
    ("activation", "out", "dtype", "promised"),
    [
        ("relu", "softmax", "float32", True),
        ("relu", "logistic", "float32", False),
        ("logistic", "softmax", "float32", False),
        ("logistic", "logistic", "float64", True),
    ],
)
def test_bits_are_promised_but_for_a_sigmoid_in_single_precision(activation, out, dtype, promised) -> None:
    values = {"coefs_": [np.zeros(2)]}
    assert agreement.compare(values, values, network(activation, out), dtype)["bits are promised"] is promised


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        ({"bits are promised": True, "other bits": ["coefs_"], "relative difference": 1e-16}, 1),
        ({"bits are promised": False, "other bits": ["coefs_"], "relative difference": 1e-7}, 0),
        ({"bits are promised": False, "other bits": ["coefs_"], "relative difference": 1e-5}, 1),
        ({"bits are promised": True, "other bits": [], "relative difference": 0.0}, 0),
    ],
)
def test_other_bits_are_a_loss_where_they_are_promised_or_far_away(entry: dict, count: int) -> None:
    assert len(list(agreement.losses(entry))) == count


# -- fits ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
def test_other_bits_of_a_fit_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fits.measure(SMALL, 2, 1.0)["other bits"] == []

    def other_seed(name: str, kind: str, **parameters: object) -> object:
        return estimator(name, kind, **parameters | {"random_state": int(name == "workings")})

    monkeypatch.setattr(fits, "estimator", other_seed)
    assert fits.measure(SMALL, 2, 1.0)["other bits"] == ["coefs_", "intercepts_", "loss_curve_"]


@pytest.mark.usefixtures("hurried")
def test_the_fast_mode_is_measured_in_double_precision_where_it_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_planted_fast(name: str, kind: str, **parameters: object) -> object:
        model = estimator("workings" if name == FAST else name, kind, **parameters)
        if name == FAST:
            fit = model.fit

            def fit_and_shift(X: np.ndarray, y: np.ndarray) -> object:
                fit(X, y)
                model.loss_curve_[-1] *= 1.25
                return model

            model.fit = fit_and_shift
        return model

    monkeypatch.setattr(fits, "estimator", with_planted_fast)
    monkeypatch.delitem(NOT_MEASURED, FAST, raising=False)
    entry = fits.measure(SMALL, 2, 1.0)
    assert set(entry["ratios"]) == {"workings", FAST}
    assert entry["fast beside default"] == {"loss": 0.25, "predictions": 0.0}
    assert fits.summary({"a": entry})["fast beside default"] == {"loss": 0.25, "predictions": 0.0}
    assert set(fits.measure(replace(SMALL, dtype="float32"), 2, 1.0)["ratios"]) == {"workings"}
    monkeypatch.setitem(NOT_MEASURED, FAST, "absent")
    assert set(fits.measure(SMALL, 2, 1.0)["ratios"]) == {"workings"}


# -- PyTorch -------------------------------------------------------------------------------------------------------


def test_pytorch_takes_a_step_a_batch_on_one_thread(torch: MagicMock) -> None:
    X, y = SMALL.rows()
    train = pytorch.training(SMALL, X, y)
    assert train is not None
    train()
    torch.set_num_threads.assert_called_with(1)
    assert [call.args for call in torch.nn.Linear.call_args_list] == [(4, 10), (10, 3)]
    assert torch.optim.Adam.return_value.step.call_count == 3 * 19  # epochs, batches of 8 of 150 rows
    assert torch.nn.CrossEntropyLoss.return_value.call_count == 3 * 19


@pytest.mark.parametrize(
    ("label", "criterion", "outputs"),
    [
        ("digits (100), batch 200", "CrossEntropyLoss", 10),
        ("binary 569 x 30 (100), logistic", "BCEWithLogitsLoss", 1),
        ("multilabel 3000 x 20 (100)", "BCEWithLogitsLoss", 5),
        ("regression 5000 x 20 (100), five outputs", "MSELoss", 5),
        ("counts 5000 x 20 (50), poisson", "PoissonNLLLoss", 1),
    ],
)
def test_pytorch_has_the_loss_and_outputs_of_the_case(torch: MagicMock, label, criterion, outputs) -> None:
    case = FITS[label]
    train = pytorch.training(case, *case.rows())
    assert train is not None
    train()
    getattr(torch.nn, criterion).assert_called_once()
    assert torch.nn.Linear.call_args.args == (case.hidden[-1], outputs)
    (target,) = torch.from_numpy.call_args.args
    assert target.dtype == (np.int64 if criterion == "CrossEntropyLoss" else np.float64)
    assert target.shape[1:] == (() if criterion == "CrossEntropyLoss" else (outputs,))


def test_pytorch_uses_the_momentum_of_the_case(torch: MagicMock) -> None:
    for label, nesterov in (("with momentum", False), ("with Nesterov's momentum", True)):
        case = replace(FITS[f"digits (100), sgd {label}"], epochs=1)
        pytorch.training(case, *case.rows())()
        given = torch.optim.SGD.call_args.kwargs
        assert (given["lr"], given["momentum"], given["nesterov"]) == (0.05, 0.9, nesterov)


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("what", ["early stopping", "sgd with adaptive rate", "sgd with rate by invscaling"])
def test_what_pytorch_leaves_to_its_users_is_not_raced(what: str) -> None:
    case = FITS[f"digits (100), {what}"]
    assert pytorch.training(case, *case.rows()) is None


@pytest.mark.usefixtures("torch", "hurried")
def test_pytorch_is_a_peer_where_it_is_installed() -> None:
    entry = fits.measure(SMALL, 2, 1.0)
    assert set(entry["ratios"]["workings"]) == {"scikit-learn", PYTORCH}
    without = fits.measure(replace(SMALL, options={"early_stopping": True}), 2, 1.0)
    assert set(without["ratios"]["workings"]) == {"scikit-learn"}
    found = fits.summary({"with": entry, "without": without})["workings"]
    assert found[PYTORCH]["greatest"] == entry["ratios"]["workings"][PYTORCH]["median"]
    assert set(found) == {"scikit-learn", PYTORCH}


def test_pytorch_answers_in_the_case_s_way(torch: MagicMock) -> None:
    def answer(case: Case, method: str) -> MagicMock:
        torch.reset_mock()
        X, y = case.rows()
        pytorch.prediction(case, X, y, method)(X[:1])
        return torch

    raw = torch.nn.Sequential.return_value.to.return_value.return_value
    answer(inference.IRIS, "predict")
    raw.argmax.assert_called_once_with(dim=1)
    assert answer(inference.IRIS, "predict_proba").softmax.call_count == 1
    binary = next(case for case in inference.CLASSIFIERS if case.label.startswith("binary"))
    assert answer(binary, "predict_proba").sigmoid.call_count == 1
    answer(inference.WAVES, "predict")
    assert not raw.argmax.called


# -- L-BFGS --------------------------------------------------------------------------------------------------------


def run(ours: int, theirs: int, difference: float) -> dict:
    ratios = {"workings": {"scikit-learn": quartiles(0.5)}}
    iterations = {"workings": ours, "scikit-learn": theirs}
    return {"ratios": ratios, "iterations": iterations, "relative difference of the loss": difference}


def test_agreement_is_of_short_runs_that_end_at_the_same_loss_after_as_many_iterations() -> None:
    runs = {
        "same": run(60, 60, 1e-6),
        "longer": run(61, 60, 0.0),
        "elsewhere": run(30, 30, 2e-6),
        "long": run(70, 61, 0.5),
    }
    assert quasi_newton.summary(runs)["agreement"] == {"runs": 3, "agree": 1, "share": 0.333}
    assert [name for name, entry in runs.items() if list(quasi_newton.losses(entry))] == ["longer", "elsewhere"]
    assert [quasi_newton.columns(entry)["agrees"] for entry in runs.values()] == ["yes", "no", "no", "above 60"]
    assert "share" not in quasi_newton.summary({"long": runs["long"]})["agreement"]


@pytest.mark.usefixtures("hurried")
def test_a_run_begins_at_the_same_parameters() -> None:
    case = quasi_newton.CASES[1]
    entry = quasi_newton.measure(case, 2, 1.0)
    theirs = estimator("scikit-learn", case.kind, **case.parameters).fit(*case.rows())
    assert entry["iterations"]["scikit-learn"] == theirs.n_iter_
    assert quasi_newton.agrees(entry)


# -- inference -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(("rows", "calls"), [(1, 200), (100, 2), (10_000, 1)])
def test_calls_are_counted_and_answered_alike(monkeypatch: pytest.MonkeyPatch, rows: int, calls: int) -> None:
    seen: list[tuple[str, int]] = []

    def counted(name: str, kind: str, **parameters: object) -> object:
        model = estimator(name, kind, **parameters)
        predict = model.predict

        def counting(X: np.ndarray) -> np.ndarray:
            seen.append((name, len(X)))
            return predict(X)

        model.predict = counting
        return model

    monkeypatch.setattr(inference, "estimator", counted)
    entry = inference.measure(inference.Request(inference.IRIS, "predict", rows), 2, 1.0)
    assert set(seen) == {("workings", rows), ("scikit-learn", rows)}
    assert len(seen) == 2 * 3 * calls  # two contenders; the warm-up and two rounds
    assert entry["other bits"] == []
    assert set(entry["microseconds a call"]) == {"workings", "scikit-learn"}


def test_batches_are_of_every_size_that_fits() -> None:
    sizes = {request.rows for request in inference.groups(False)["batches"]}
    assert sizes == {10, 100, 1_000, 10_000, 100_000}
    assert {request.rows for request in inference.groups(False)["one row"]} == {1}


# -- memory --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not resident.known(), reason="the system does not tell a process its peak memory")
@pytest.mark.parametrize(("method", "copies"), [("fit", 3), ("predict", 2)])
def test_peak_memory_sees_what_a_call_allocates_and_frees(monkeypatch, method: str, copies: int) -> None:
    class Planted:
        def fit(self, X: np.ndarray, y: np.ndarray) -> Planted:
            np.concatenate([X, X, X]).sum()
            return self

        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.concatenate([X, X]).sum(axis=0)

    monkeypatch.setattr(memory, "estimator", lambda *_, **__: Planted())
    case = Case("planted", "MLPRegressor", partial(data.waves, 400_000, 10), (1,), 1)
    # 32 MB, above every threshold under which freed memory is kept; a page has up to 2 MB, which is 0.06 copies
    assert memory.peak("planted", memory.Load(case, method)) / 32e6 == pytest.approx(copies, abs=0.06)


def test_memory_is_compared_and_the_larger_named() -> None:
    def entry(ours: float, theirs: float) -> dict:
        return {"megabytes": {"workings": ours, "scikit-learn": theirs}}

    assert memory.summary({"a": entry(1, 2), "b": entry(4, 2), "c": entry(1, 4)}) == {
        "memory, ours / scikit-learn's": 0.63  # the cube root of 1/4
    }
    assert list(memory.losses(entry(2, 2))) == []
    assert list(memory.losses(entry(3, 2))) == ["peak memory beyond the input 3.0 MB, scikit-learn 2.0"]


# -- growth --------------------------------------------------------------------------------------------------------


def test_exponent_of_a_power_law() -> None:
    assert growth.exponent([1, 10, 100], [2, 200, 20_000]) == 2  # 2 n²
    assert growth.exponent([1, 2, 4], [3, 3, 3]) == 0


@pytest.mark.usefixtures("hurried")
def test_growth_is_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "seconds", lambda task: 0.6)
    size = growth.groups(True)["rows"][0]
    entry = growth.measure(size, 2, 1.0)
    each = round(600 / size.case.epochs, 3)
    assert entry["milliseconds an epoch"] == {"workings": each, "scikit-learn": each}
    summary = growth.summary({"a": entry, "b": {**entry, "size": 2 * size.size}})
    assert summary["exponent"] == {"workings": 0, "scikit-learn": 0}


# -- aims, words and tables ----------------------------------------------------------------------------------------


def quartiles(median: float) -> dict[str, float]:
    return {"median": median, "lower quartile": median, "upper quartile": median}


def planted(ours: float, **other: float) -> dict:
    ratios = {"workings": {"scikit-learn": quartiles(ours)} | {peer: quartiles(value) for peer, value in other.items()}}
    return {"ratios": ratios, "bits are promised": True, "other bits": [], "relative difference": 0.0}


RESULTS = {
    "fits": {
        "float64": {
            "a": planted(0.3),
            "b": planted(0.95) | {"other bits": ["coefs_"], "relative difference": 2e-16},
            "c": planted(1.2, PyTorch=1.1),
        },
        "float32": {"a": planted(0.95)},
    },
    "lbfgs": {"runs": {"a": run(5, 5, 0.0)}},
    "inference": {"batches": {"a": planted(1.02)}},
    "memory": {"fit": {"a": {"megabytes": {"workings": 2.0, "scikit-learn": 1.0}}}},
}
SUMMARIES = {
    part: {group: PARTS[part].summary(entries) for group, entries in groups.items()} for part, groups in RESULTS.items()
}


def test_aims_are_judged_and_what_was_not_measured_is_not() -> None:
    verdicts = {verdict["aim"]: verdict for verdict in aims.judge(SUMMARIES)}
    assert len(verdicts) == len(aims.AIMS)
    met = {aim: verdict["met"] for aim, verdict in verdicts.items()}
    assert met == {
        "fits, float64, workings, scikit-learn, geometric mean": False,  # the cube root of 0.342: 0.70
        "fits, float64, workings, scikit-learn, greatest": False,
        f"fits, float64, {FAST}, scikit-learn, geometric mean": None,
        "fits, float32, workings, scikit-learn, geometric mean": False,
        "lbfgs, runs, agreement, share": True,
        "lbfgs, runs, workings, scikit-learn, geometric mean": True,
        "inference, one row, workings, scikit-learn, greatest": None,
        "inference, batches, workings, scikit-learn, greatest": True,
    }
    assert verdicts["fits, float64, workings, scikit-learn, greatest"]["found"] == 1.2
    assert verdicts["lbfgs, runs, agreement, share"]["at least"] == 0.9


def test_every_loss_is_said_and_nothing_else() -> None:
    assert lost.sentences(RESULTS, SUMMARIES, {part: PARTS[part].losses for part in RESULTS}) == [
        "fits, float64, b: CPU time of workings 0.95 times that of scikit-learn (aim 0.90).",
        "fits, float64, b: other bits than scikit-learn's in coefs_, relative difference 2e-16.",
        "fits, float64, c: CPU time of workings 1.20 times that of scikit-learn (aim 0.90), 1.10 times that of "
        "PyTorch.",
        "inference, batches, a: CPU time of workings 1.02 times that of scikit-learn.",
        "memory, fit, a: peak memory beyond the input 2.0 MB, scikit-learn 1.0.",
        "fits, float64, workings, scikit-learn, geometric mean: 0.699, aim 0.55.",
        "fits, float32, workings, scikit-learn, geometric mean: 0.95, aim 0.50.",
    ]


def test_tables_show_every_case_its_bits_and_the_means() -> None:
    entries, summary = RESULTS["fits"]["float64"], SUMMARIES["fits"]["float64"]
    table = tables.of_group("fits, float64", entries, summary, fits.columns)
    columns = {str(column.header): list(column.cells) for column in table.columns}
    assert columns == {
        "": ["a", "b", "c", "geometric mean", "greatest"],
        "workings": ["0.30 (0.30-0.30)", "0.95 (0.95-0.95)", "1.20 (1.20-1.20)", "0.70", "1.20"],
        "same bits": ["yes", "no, 2e-16", "yes", "-", "-"],
        "workings / PyTorch": ["-", "-", "1.10 (1.10-1.10)", "1.10", "1.10"],
    }
    assert str(table.caption) == "equal bits: 2 of 3\nrelative difference: 2e-16"
    shown = tables.of_group("memory, fit", RESULTS["memory"]["fit"], SUMMARIES["memory"]["fit"], memory.columns)
    assert [list(column.cells) for column in shown.columns] == [["a"], ["2.0"], ["1.0"]]
    verdicts = tables.of_aims(aims.judge(SUMMARIES))
    assert len(verdicts.rows) == 6  # two were not measured


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_quick_run_writes_one_whole_file(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "results.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick", "--output", str(output)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in output.parent.iterdir()] == ["results.json"]
    results = json.loads(output.read_text())
    assert {"date", "machine", "versions", "conventions", "overall", "aims", "not measured", "what lost"} < set(results)
    assert all("threads: 1" in library for library in results["versions"]["BLAS"])
    assert {part: set(groups) for part, groups in results["results"].items()} == {
        part: set(module.groups(True)) for part, module in PARTS.items()
    }
    assert all(f"- {sentence}"[:60] in done.stdout for sentence in results["what lost"])
    assert all(f"Not measured: {name}" in done.stdout for name in results["not measured"])


def test_a_part_alone_writes_nothing_unasked() -> None:
    results = SCRIPT.parent / "results" / "neural_network.json"
    before = results.read_bytes() if results.exists() else None
    command = [sys.executable, str(SCRIPT), "--quick", "--part", "lbfgs"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "lbfgs, runs: CPU time" in done.stdout
    assert "growth" not in done.stdout
    assert (results.read_bytes() if results.exists() else None) == before


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--output", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "is a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
