"""The flight recorder writes what happened, changes nothing, and is absent when off."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import workings
from workings.recording import start_recording


class Model:
    def fit(self, steps: int = 2) -> Model:
        recorder = start_recording(self)
        labels = np.zeros(3)
        for step in range(steps):
            labels += step
            if recorder is not None:
                recorder.write("iteration", iteration=step, inertia=10.0 - step, labels=labels)
        return self


def test_off_there_is_no_recorder():
    assert start_recording(Model()) is None


def test_scalars_become_columns_and_fits_are_counted():
    with workings.record() as tape:
        Model().fit()
        Model().fit(1)
    frame = tape.frame("iteration")
    assert list(frame.columns) == ["fit", "estimator", "event", "iteration", "inertia"]
    assert frame["fit"].tolist() == [0, 0, 1]
    assert frame["inertia"].tolist() == [10.0, 9.0, 10.0]
    assert set(frame["estimator"]) == {"Model"}


def test_arrays_are_copies_and_only_kept_when_asked():
    with workings.record(arrays=True) as tape:
        Model().fit()
    first, second = tape.arrays("labels")
    assert first.tolist() == [0, 0, 0]  # the model went on to change its own array
    assert second.tolist() == [1, 1, 1]
    with workings.record() as scalars:
        Model().fit()
    with pytest.raises(ValueError, match="arrays=True"):
        scalars.arrays("labels")
    assert "labels" not in scalars.steps[0].values


def test_asking_for_what_is_not_there_names_what_is():
    with workings.record(arrays=True) as tape:
        Model().fit()
    with pytest.raises(ValueError, match="'iteration'"):
        tape.frame("epoch")
    with pytest.raises(ValueError, match="'labels'"):
        tape.arrays("gradient")


def test_nested_blocks_each_get_every_step():
    with workings.record() as outer:
        Model().fit()
        with workings.record() as inner:
            Model().fit()
    assert (len(outer), len(inner)) == (4, 2)
    assert outer.frame()["fit"].tolist() == [0, 0, 1, 1]
    assert inner.frame()["fit"].tolist() == [0, 0]


def test_an_error_inside_closes_the_tape_and_keeps_it():
    def interrupted() -> None:
        with workings.record() as tape:
            tapes.append(tape)
            Model().fit()
            raise KeyboardInterrupt

    tapes: list[workings.Tape] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(tapes[0]) == 2
    assert start_recording(Model()) is None


def test_an_empty_tape_is_said_aloud():
    with pytest.warns(UserWarning, match="Nothing was recorded"), workings.record() as tape:
        pass
    assert list(tape.frame().columns) == ["fit", "estimator", "event"]


def test_another_threads_fits_stay_off_this_tape():
    with workings.record() as tape:
        Model().fit(1)
        thread = threading.Thread(target=lambda: Model().fit(5))
        thread.start()
        thread.join()
    assert len(tape) == 1
