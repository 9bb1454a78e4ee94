"""What a mini-batch fit tells the world while it runs: printed lines (`verbose`) and the flight recorder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.cluster.distances import Floats
from workings.cluster.mini_batch.running_means import Step
from workings.recording import Recorder


@dataclass(frozen=True)
class MiniBatchProgress:
    """Reports the steps of a fit; computes nothing when nobody listens.

    Parameters
    ----------
    verbose : bool
        Print scikit-learn's lines.
    recorder : Recorder or None
        Flight recorder.
    """

    verbose: bool
    recorder: Recorder | None

    def seeding(self, run: int, runs: int, init: Any) -> None:
        """Report that initial centres are about to be found."""
        if self.verbose:
            print(f"Init {run + 1}/{runs} with method {init}")

    def seeded(self, run: int, runs: int, *, potential: float, centers: Floats) -> None:
        """Report initial centres, and their inertia on the rows drawn to compare them."""
        if self.verbose:
            print(f"Inertia for init {run + 1}/{runs}: {potential}")
        if self.recorder is not None:
            self.recorder.write("seeding", run=run, potential=potential, centers=centers)

    def step(self, number: int, steps: int | None, done: Step, *, inertia: float, average: float) -> None:
        """Report one step.

        Parameters
        ----------
        number : int
            Counted from 0.
        steps : int or None
            Largest number of steps; None where the caller makes the batches, which has no line of its own.
        done : Step
        inertia : float
            Mean squared distance of the batch's rows to the centres before it.
        average : float
            Its exponentially weighted average; NaN where there is none.
        """
        if self.verbose and done.reassigned:
            print(f"[MiniBatchKMeans] Reassigning {done.reassigned} cluster centers.")
        if self.verbose and steps is not None:
            smoothed = "" if np.isnan(average) else f", ewa inertia: {average}"
            print(f"Minibatch step {number + 1}/{steps}: mean batch inertia: {inertia}{smoothed}")
        if self.recorder is not None:
            self.recorder.write(
                "step",
                step=number,
                batch_inertia=inertia,
                ewa_inertia=average,
                reassigned=done.reassigned,
                center_shift=done.shift,
                centers=done.means.centers,
            )

    def converged(self, number: int, steps: int, reason: str) -> None:
        """Report that the fit ends before its steps are used up."""
        if self.verbose:
            print(f"Converged ({reason}) at step {number + 1}/{steps}")

    def finished(self, *, value: float, iterations: int, steps: int, reason: str | None) -> None:
        """Record the end of the fit."""
        if self.recorder is not None:
            self.recorder.write(
                "run", inertia=value, iterations=iterations, steps=steps, reason=reason or "steps used up"
            )
