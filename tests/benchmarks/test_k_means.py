"""The benchmark of k-means measures what it says: planted winners, losers and differences come out as planted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.kmeans import contenders, lost, memory, speed, tables
from benchmarks.kmeans.cases import Case
from benchmarks.kmeans.contenders import EVERYBODY, MINI_BATCH, OURS, PEERS, Answer, Contender

import race
import resident

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "k_means.py"
SMALL = Case(300, 2, 3, "blobs")


def nothing() -> None:
    """Do nothing."""


# -- cases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["blobs", "uniform", "iris", "digits"])
def test_a_case_gives_the_same_rows_every_time(data: str) -> None:
    case = Case(*{"iris": (150, 4), "digits": (1797, 64)}.get(data, (500, 3)), 4, data)
    X = case.rows()
    assert X.shape == (case.n, case.d)
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert np.array_equal(X, case.rows())
    initial = case.initial_centers(X)
    assert np.array_equal(initial, case.initial_centers(X))
    assert all((center == X).all(axis=1).any() for center in initial)


def test_blobs_have_clusters_and_uniform_rows_have_none() -> None:
    def explained(data: str) -> float:
        X = Case(1000, 5, 4, data).rows()
        model = PEERS["scikit-learn"].fit(X, n_clusters=4, random_state=0)
        return 1 - model.inertia_ / ((X - X.mean(axis=0)) ** 2).sum()

    # four clouds of unit variance about centres of variance 33; in five dimensions four boxes explain an eighth each
    # of two coordinates' variance
    assert explained("blobs") > 0.9
    assert explained("uniform") < 0.4


# -- time --------------------------------------------------------------------------------------------------------


def test_quartiles_of_known_ratios() -> None:
    # sorted 1, 2, 3, 4, 10: the quartiles are the second, third and fourth
    assert race.spread([10, 2, 3, 1, 4]) == {"median": 3, "lower quartile": 2, "upper quartile": 4}


def test_ratios_are_taken_within_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    # both slow down tenfold in the second round and a hundredfold in the third: the ratio is 1/4 throughout
    clock = {"ours": iter([1.0, 10.0, 100.0]), "theirs": iter([4.0, 40.0, 400.0])}
    tasks = {"theirs": lambda: "theirs", "ours": lambda: "ours"}
    monkeypatch.setattr(race, "seconds", lambda task: next(clock[task()]))
    found = race.race(tasks, 3, 1.0)
    assert found.returned == {"ours": "ours", "theirs": "theirs"}
    assert found.ratios({"ours": None, "absent": None}, {"theirs": None, "missing": None}) == {
        "ours": {"theirs": {"median": 0.25, "lower quartile": 0.25, "upper quartile": 0.25}}
    }


def test_rounds_are_interleaved_after_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(race, "seconds", lambda task: task() or 1.0)
    race.race({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, 1.0)
    assert "".join(calls) == "ab" + "ba" + "ab" + "ba"


def test_a_case_out_of_time_keeps_its_least_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "seconds", lambda task: 1.0)
    assert race.race({"a": nothing}, 9, seconds_a_case=-1.0).rounds == race.LEAST_ROUNDS
    assert race.race({"a": nothing}, 9, seconds_a_case=60.0).rounds == 9


def test_work_takes_more_cpu_time_than_sleep_or_nothing() -> None:
    a = np.ones((400, 400))
    assert race.seconds(lambda: a @ a) > 100 * race.seconds(nothing)


def test_overall_is_of_peers_who_ran_every_case() -> None:
    def entry(**medians: float) -> dict:
        return {"ratios": {"workings": {peer: {"median": value} for peer, value in medians.items()}}}

    cases = {"small": entry(lloyd=0.2, faiss=9.0), "large": entry(lloyd=0.8)}
    assert race.overall(cases) == {
        "workings": {"lloyd": {"geometric mean": 0.4, "greatest": 0.8, "at": "large"}}  # sqrt(0.2 * 0.8)
    }
    assert race.overall({}) == {}


# -- answers -----------------------------------------------------------------------------------------------------


def answer(**other: object) -> Answer:
    parts = {"labels": np.array([0, 1, 1]), "centers": np.array([[0.0], [1.0]]), "inertia": 2.0, "iterations": 5}
    return Answer(**{**parts, **other})


def test_equal_bits_sees_one_unit_in_the_last_place() -> None:
    assert set(speed.equal_bits(answer(), answer()).values()) == {True}
    planted = {
        "labels": answer(labels=np.array([0, 1, 0])),
        "centres": answer(centers=np.array([[0.0], [np.nextafter(1.0, 2.0)]])),
        "inertia": answer(inertia=np.nextafter(2.0, 3.0)),
        "iterations": answer(iterations=6),
    }
    for part, other in planted.items():
        assert [name for name, equal in speed.equal_bits(other, answer()).items() if not equal] == [part]
    # -0 has other bits than 0, and float32 is another type
    assert not speed.equal_bits(answer(centers=np.array([[-0.0], [1.0]])), answer())["centres"]
    assert not speed.equal_bits(answer(centers=np.zeros((2, 1), np.float32)), answer())["centres"]


def test_differences_are_counted() -> None:
    other = answer(labels=np.array([1, 1, 0]), inertia=2.5, iterations=3)
    assert speed.differences(other, answer()) == {"labels": 2, "relative inertia": 0.25, "iterations": -2}


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_contender_finds_three_blobs(name: str) -> None:
    X = SMALL.rows()
    contender = EVERYBODY[name]
    parameters = {"n_clusters": 3, "init": SMALL.initial_centers(X), "n_init": 1, "max_iter": 50}
    found = contender.answer(contender.fit(X, **parameters), X)
    theirs = PEERS["scikit-learn"].fit(X, **parameters)
    assert np.array_equal(found.labels, theirs.labels_)
    assert found.inertia == pytest.approx(theirs.inertia_, rel=1e-5)  # faiss's centres are float32


@pytest.mark.parametrize(
    "measure", [speed.fits_from_given_centres, speed.default_fits, speed.growth, speed.mini_batches, speed.predictions]
)
def test_entries_name_who_ran_and_whether_the_bits_are_equal(measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "SHORTEST", 1e-9)
    entry = measure(SMALL, 2, 1.0)
    assert "scikit-learn" in entry["ratios"]["workings"]
    assert entry["rounds"] == 2
    assert set(entry["equal bits"].values()) == {True}
    assert "workings" not in entry.get("beside scikit-learn", {})


def test_other_bits_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(X: np.ndarray, **parameters: object) -> object:
        model = PEERS["scikit-learn"].fit(X, **parameters)
        model.cluster_centers_[0, 0] = np.nextafter(model.cluster_centers_[0, 0], np.inf)
        return model

    monkeypatch.setitem(OURS, "workings", Contender(fit, OURS["workings"].answer))
    entry = speed.fits_from_given_centres(SMALL, 2, 1.0)
    assert entry["equal bits"] == {"labels": True, "centres": False, "inertia": True, "iterations": True}


def test_what_is_absent_is_named() -> None:
    assert ("faiss" in EVERYBODY) != ("faiss" in contenders.NOT_MEASURED)
    assert ("workings exact" in OURS) != ("workings exact" in contenders.NOT_MEASURED)
    assert ("workings" in MINI_BATCH) != ("mini-batches" in contenders.NOT_MEASURED)


# -- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not resident.known(), reason="the system does not tell a process its peak memory")
def test_peak_memory_sees_what_a_fit_allocates_and_frees(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = Contender(lambda X, **_: float(np.concatenate([X, X, X]).sum()), lambda total, _: total)
    monkeypatch.setitem(memory.EVERYBODY, "planted", planted)
    # 32 MB, above every threshold under which freed memory is kept; a page has up to 2 MB, which is 0.06 copies
    assert memory.peak("planted", Case(1_000_000, 4, 5, "uniform")) == pytest.approx(3, abs=0.06)


# -- words and tables --------------------------------------------------------------------------------------------


def quartiles(median: float) -> dict[str, float]:
    return {"median": median, "lower quartile": median, "upper quartile": median}


EQUAL = {"labels": True, "centres": True}
TIMED = {
    "default fits": {
        "9 x 2": {
            "ratios": {
                "workings": {"scikit-learn": quartiles(0.5), "scikit-learn elkan": quartiles(1.0)},
                "workings exact": {"scikit-learn": quartiles(1.5), "scikit-learn elkan": quartiles(2.25)},
            },
            "equal bits": EQUAL,
        },
        "9 x 3": {
            "ratios": {"workings": {"scikit-learn": quartiles(0.75)}},
            "equal bits": {"labels": True, "centres": False},
        },
    },
    "growth": {},
}
MEMORY = {"9 x 2": {"workings": 0.5, "workings exact": 2.0, "scikit-learn": 1.5, "faiss": None}}


def test_every_loss_is_said_and_nothing_else() -> None:
    assert lost.sentences(TIMED, MEMORY) == [
        "workings exact, default fits, 9 x 2: CPU time 1.50 times that of scikit-learn, 2.25 times that of "
        "scikit-learn elkan.",
        "workings, default fits, 9 x 3: other bits than scikit-learn's in the centres.",
        "workings exact, 9 x 2: peak memory beyond the input 2.00 copies of X, scikit-learn 1.50.",
    ]


def test_tables_show_every_case_its_bits_and_the_means() -> None:
    summary = {what: race.overall(entries) for what, entries in TIMED.items()}
    # only `workings` ran both cases, and only beside lloyd: sqrt(0.5 * 0.75) = 0.61
    summary["default fits"]["workings exact"] = {}
    shown = {str(table.title): table for table in tables.tables(TIMED, summary, MEMORY)}
    assert list(shown) == [
        "CPU time, default fits: workings / peer, median (quartiles)",
        "CPU time, default fits: workings exact / peer, median (quartiles)",
        "Peak memory of a fit beyond its input, in copies of X",
    ]
    first, second, third = shown.values()
    columns = {str(column.header): list(column.cells) for column in first.columns}
    assert columns[""] == ["9 x 2", "9 x 3", "geometric mean", "greatest"]
    assert columns["scikit-learn"] == ["0.50 (0.50-0.50)", "0.75 (0.75-0.75)", "0.61", "0.75"]
    assert columns["bits"] == ["equal", "differ: centres", "-", "-"]
    assert "bits" not in [column.header for column in second.columns]
    assert [list(column.cells) for column in third.columns] == [["9 x 2"], ["0.50"], ["2.00"], ["1.50"], ["?"]]


# -- the command -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_quick_run_writes_one_whole_file(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "results.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick", "--output", str(output)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in output.parent.iterdir()] == ["results.json"]
    results = json.loads(output.read_text())
    assert {"date", "machine", "versions", "conventions", "overall", "not measured", "lost"} < set(results)
    assert all("threads: 1" in library for library in results["versions"]["BLAS"])
    parts = {"fits from given centres", "default fits", "predictions", "growth", "mini-batches"}
    assert set(results["CPU time"]) == parts
    assert all(set(peaks) == set(EVERYBODY) for peaks in results["peak memory"].values())
    assert all(f"- {sentence}"[:60] in done.stdout for sentence in results["lost"])


def test_a_part_alone_writes_nothing_unasked() -> None:
    results = SCRIPT.parent / "results" / "k_means.json"
    before = results.read_bytes() if results.exists() else None
    command = [sys.executable, str(SCRIPT), "--quick", "--only", "predictions"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "predictions: workings / peer" in done.stdout
    assert "default fits" not in done.stdout
    assert (results.read_bytes() if results.exists() else None) == before


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--output", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "is a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
