"""The benchmark measures what it says: planted winners, losers and refusals come out as planted."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from benchmarks.regression import certified, lost, memory, rounding, speed, tables
from benchmarks.regression.contenders import CAREFUL_PEERS, DECIMAL, OURS, PEERS, Contender

import resident
from workings.validate import nist

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "linear_regression.py"


def nothing() -> None:
    """Do nothing."""


def refuses() -> None:
    raise ValueError("Look elsewhere.")


# -- time --------------------------------------------------------------------------------------------------------


def test_quartiles_of_known_ratios() -> None:
    # sorted 1, 2, 3, 4, 10: the quartiles are the second, third and fourth
    assert speed.spread([10, 2, 3, 1, 4]) == {"median": 3, "lower quartile": 2, "upper quartile": 4}


def test_ratios_are_taken_within_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    # both slow down tenfold in the second round and a hundredfold in the third: the ratio is 1/4 throughout
    clock = {"ours": iter([1.0, 10.0, 100.0]), "theirs": iter([4.0, 40.0, 400.0])}
    tasks = {"ours": lambda: "ours", "theirs": lambda: "theirs"}
    monkeypatch.setattr(speed, "seconds", lambda task: next(clock[task()]))
    found = speed.race({"ours": tasks["ours"]}, {"theirs": tasks["theirs"]}, 3, nothing)
    assert found["ratios"] == {"ours": {"theirs": {"median": 0.25, "lower quartile": 0.25, "upper quartile": 0.25}}}


def test_rounds_are_interleaved_after_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(speed, "seconds", lambda task: task() or 1.0)
    speed.race({"a": lambda: calls.append("a")}, {"b": lambda: calls.append("b")}, 2, lambda: calls.append("|"))
    assert "".join(calls) in ("ba|ab|ba|", "ab|ba|ab|", "ba|ba|ab|", "ab|ab|ba|")


def test_who_refuses_is_quoted_and_takes_no_further_part() -> None:
    found = speed.race({"a": nothing, "b": refuses}, {"c": nothing, "d": refuses}, 2, nothing)
    assert found["refused"] == {"b": "Look elsewhere.", "d": "Look elsewhere."}
    assert set(found["ratios"]) == {"a"}
    assert set(found["ratios"]["a"]) == {"c"}


def test_work_takes_more_cpu_time_than_sleep_or_nothing() -> None:
    a = np.ones((400, 400))
    assert speed.seconds(lambda: a @ a) > 100 * speed.seconds(nothing)


def test_overall_needs_every_shape() -> None:
    def entry(**medians: float) -> dict:
        return {"ratios": {name: {"scikit-learn": {"median": value}} for name, value in medians.items()}}

    first = entry(**{"workings": 0.2, "workings qr": 2.0})
    assert speed.overall({"small": first, "large": entry(workings=0.8)}) == {
        "workings": {"geometric mean": 0.4, "greatest": 0.8}  # sqrt(0.2 * 0.8)
    }
    assert speed.overall({}) == {}


# -- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not resident.known(), reason="the system does not tell a process its peak memory")
def test_peak_memory_sees_what_a_fit_allocates_and_frees(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(X: np.ndarray, y: np.ndarray, intercept: bool) -> float:
        return float(np.concatenate([X, X, X]).sum()) if intercept else 0.0

    planted = Contender(fit=fit, estimates=lambda total: np.array([total]))
    monkeypatch.setitem(memory.EVERYBODY, "planted", planted)
    # 32 MB, above every threshold under which freed memory is kept; a page has up to 2 MB, which is 0.06 copies
    assert memory.peak("planted", 1_000_000, 4) == pytest.approx(3, abs=0.06)


# -- digits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "printed", "expected"),
    [
        (1.0, "1.00000000000000", 15.0),
        (1.001, "1.00000000000000", 3.0),
        (-2.0, "2.00000000000000", 0.0),
        (1e-9, "0.000000000000000", 9.0),  # beside a certified 0 the error itself
        (float("nan"), "1.00000000000000", 0.0),
    ],
)
def test_digits_of_known_errors(value: float, printed: str, expected: float) -> None:
    assert certified.digits(np.array([5.0, value]), ("5.00000000000000", printed)) == expected


def test_every_contender_reads_norris_in_the_certified_order() -> None:
    # b0 = -0.26, b1 = 1.002: a swap, a missing intercept or a wrong column scores 0; the condition of [1 X] is 8e2
    found = certified.score("Norris")
    coefficients, errors = found["coefficients"]["digits"], found["standard errors"]["digits"]
    assert set(coefficients) == set(certified.EVERYBODY)
    assert set(errors) == {*OURS, *DECIMAL, "statsmodels"}
    assert min(coefficients.values()) > 11
    assert min(errors.values()) > 11


def test_a_refusal_of_standard_errors_leaves_the_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(standard_errors: object) -> Contender:
        return Contender(lambda X, y, _: np.polyfit(X[:, 0], y, 1)[::-1], lambda coef: coef, standard_errors)

    silent = Contender(lambda *_: refuses(), lambda coef: coef)
    everybody = {"partly": planted(lambda *_: refuses()), "without": planted(None), "silent": silent}
    monkeypatch.setattr(certified, "EVERYBODY", everybody)
    found = certified.score("Norris")
    assert set(found["coefficients"]["digits"]) == {"partly", "without"}
    assert found["coefficients"]["refused"] == {"silent": "Look elsewhere."}
    assert found["standard errors"]["refused"] == {"partly": "Look elsewhere."}
    assert found["standard errors"]["digits"] == {}


def test_every_contender_leaves_the_intercept_out_where_there_is_none() -> None:
    found = certified.score("NoInt1")
    assert min(found["coefficients"]["digits"].values()) > 13


def test_scikit_learn_drops_a_direction_of_filip() -> None:
    found = certified.score("Filip")["coefficients"]["digits"]
    assert found["scikit-learn"] == 0
    assert found["scikit-learn tol=0"] > 5


def test_standard_errors_of_statsmodels_come_intercept_first() -> None:
    data, statsmodels = nist.load("Longley"), PEERS["statsmodels"]
    assert statsmodels.standard_errors is not None
    errors = statsmodels.standard_errors(statsmodels.fit(data.X, data.y, True), data.X, data.y)
    np.testing.assert_allclose(errors, [float(text) for text in data.standard_errors], rtol=1e-9)


# -- correct rounding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", [1.0, 1e6, 1e10])
def test_problems_have_the_condition_asked_for_and_wild_scales(condition: float) -> None:
    rng = np.random.default_rng(0)
    scales = []
    for _ in range(20):
        X, y = rounding.problem(condition, rng)
        spread = X.std(axis=0)
        assert y.shape == (len(X),)
        # the best column scaling is at most sqrt(p) better than unit lengths; drawn columns are not centred
        found = np.linalg.cond((X - X.mean(axis=0)) / spread)
        assert condition / 50 < found < 50 * condition
        scales.extend(spread)
    assert max(scales) / min(scales) > 1e6


def test_rounding_counts_and_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(X: np.ndarray, y: np.ndarray, _intercept: bool) -> np.ndarray:
        fit = rounding.least_squares(X, y)
        return np.append(fit.intercept_, fit.coef_)

    planted = {
        "right": Contender(solve, lambda estimates: estimates),
        "off by one": Contender(solve, lambda estimates: np.nextafter(estimates, np.inf)),
        "refuses": Contender(lambda *_: refuses(), lambda estimates: estimates),
    }
    monkeypatch.setattr(rounding, "OURS", planted)
    monkeypatch.setattr(rounding, "PEERS", {})
    monkeypatch.setattr(rounding, "CAREFUL_PEERS", {})
    found = rounding.score(1e4, 3)
    assert found["correctly rounded"] == {"right": found["numbers"], "off by one": 0, "refuses": 0}
    assert found["refused"] == {"refuses": 3}
    assert set(found["least digits"]) == {"right", "off by one"}
    # an error of half an ulp at most, and of one and a half: u = 1.1e-16 and 3u
    assert found["least digits"]["right"] >= 15.9
    assert 15.4 <= found["least digits"]["off by one"] < 17


def test_the_oracle_is_hand_calculated() -> None:
    # (0, 1), (1, 3), (2, 6): slope 5/2, intercept 10/3 - 5/2 = 5/6
    fit = rounding.least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0]))
    assert (fit.intercept[0], fit.coef[0][0]) == (Fraction(5, 6), Fraction(5, 2))


# -- words and tables --------------------------------------------------------------------------------------------


def quartiles(median: float) -> dict[str, float]:
    return {"median": median, "lower quartile": median, "upper quartile": median}


RESULTS = {
    "CPU time of a fit": {
        "9 x 2": {
            "ratios": {
                "workings": {"scikit-learn": quartiles(0.5), "numpy lstsq": quartiles(1.0)},
                "workings normal": {"scikit-learn": quartiles(1.5), "numpy lstsq": quartiles(2.25)},
            },
            "refused": {"workings qr": "Too wide.", "statsmodels": "No."},
        }
    },
    "CPU time of a fit with standard errors": {"9 x 2": {"ratios": {}, "refused": {}}},
    "peak memory": {"9 x 2": {"workings": 0.1, "workings qr": 2.0, "scikit-learn": 1.5, "statsmodels": None}},
    "digits on NIST's sets": {
        "Norris": {
            "coefficients": {
                "digits": {"workings": 14.1, "workings decimal": 12.0, "scikit-learn tol=0": 14.1, "statsmodels": 13},
                "refused": {"workings normal": "Too near.", "scikit-learn": "No."},
            },
            "standard errors": {"digits": {"workings": 12.5, "statsmodels": 13.8}, "refused": {}},
        }
    },
    "correct rounding": {
        "1e+02": {
            "numbers": 9,
            "correctly rounded": {"workings": 9, "workings qr": 3, "statsmodels": 4},
            "least digits": {"workings": 16.0, "workings qr": 13.5, "statsmodels": 14.0},
            "refused": {"workings normal": 2, "statsmodels": 1},
        }
    },
}


def test_every_loss_is_said_and_nothing_else() -> None:
    assert lost.sentences(RESULTS) == [
        "workings normal, 9 x 2: CPU time of a fit 1.50 times that of scikit-learn, 2.25 times that of numpy lstsq.",
        "workings qr, 9 x 2: refuses. Too wide.",
        "workings qr, 9 x 2: peak memory beyond the input 2.00 copies of X, scikit-learn 1.50.",
        "workings decimal, Norris: 12.0 digits in the worst of the coefficients, scikit-learn tol=0 14.1, "
        "statsmodels 13.0.",
        "workings normal, Norris, coefficients: refuses. Too near.",
        "workings, Norris: 12.5 digits in the worst of the standard errors, statsmodels 13.8.",
        "workings qr, condition 1e+02: 3 of 9 correctly rounded, statsmodels 4.",
        "workings qr, condition 1e+02: 13.5 digits in the worst of all, statsmodels 14.0.",
        "workings normal, condition 1e+02: refuses 2 of the problems.",
    ]


def test_tables_show_every_shape_and_a_dash_for_what_is_missing() -> None:
    shown = {str(table.title): table for table in tables.tables(RESULTS)}
    times = shown["CPU time of a fit: ours / scikit-learn, median (quartiles)"]
    assert [column.header for column in times.columns] == ["", "workings", "workings normal"]
    assert [list(column.cells) for column in times.columns] == [["9 x 2"], ["0.50 (0.50-0.50)"], ["1.50 (1.50-1.50)"]]
    assert "CPU time of a fit: ours / statsmodels, median (quartiles)" not in shown
    (correct,) = (table for title, table in shown.items() if title.startswith("Correctly rounded"))
    assert [list(column.cells) for column in correct.columns][1:] == [["9 (16.0)"], ["3 (13.5)"], ["4 (14.0)"]]


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
    assert {"date", "machine", "versions", "conventions", "lost"} < set(results)
    assert all("threads: 1" in library for library in results["versions"]["BLAS"])
    assert set(results["CPU time of a fit"]["1000 x 10"]["ratios"]) == set(OURS)
    for condition in results["correct rounding"].values():
        assert set(condition["correctly rounded"]) == {*OURS, *PEERS, *CAREFUL_PEERS}
    assert all(f"- {sentence}"[:60] in done.stdout for sentence in results["lost"])


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--output", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "is a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
