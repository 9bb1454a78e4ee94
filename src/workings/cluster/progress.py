"""What a fit tells the world while it runs: printed lines (`verbose`) and the flight recorder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workings.cluster.distances import Floats, Labels
from workings.cluster.rows import Rows, inertia
from workings.recording import Recorder


@dataclass
class Progress:
    """Reports the steps of a fit; computes nothing when nobody listens.

    Parameters
    ----------
    verbose : bool
        Print scikit-learn's lines.
    recorder : Recorder or None
        Flight recorder.
    offset : ndarray of shape (d,) or float
        Added to centres before they are recorded: the mean that was taken off X.
    full_stop : str
        End of the line that tells the inertia, which is "." for Lloyd and "" for Elkan.
    """

    verbose: bool
    recorder: Recorder | None
    offset: Floats | float
    full_stop: str
    run: int = field(default=0, init=False)

    def seeded(self, rows: Rows, centers: Floats) -> None:
        """Report the initial centres of a run."""
        if self.recorder is not None:
            potential = inertia(rows, centers, rows.nearest(centers))
            self.recorder.write("seeding", run=self.run, potential=potential, centers=centers + self.offset)
        if self.verbose:
            print("Initialization complete")

    def iteration(
        self, number: int, rows: Rows, centers: Floats, labels: Labels, previous: Labels, shift: np.floating[Any]
    ) -> None:
        """Report one iteration: the labels, the centres that made them, and how far the centres then moved."""
        if not self.verbose and self.recorder is None:
            return
        value = inertia(rows, centers, labels)
        if self.verbose:
            print(f"Iteration {number}, inertia {value}{self.full_stop}")
        if self.recorder is not None:
            self.recorder.write(
                "iteration",
                run=self.run,
                iteration=number,
                inertia=value,
                moved=int(np.count_nonzero(labels != previous)),
                center_shift=float(shift),
                labels=labels,
                centers=centers + self.offset,
            )

    def converged_strictly(self, number: int) -> None:
        """Report that no label changed."""
        if self.verbose:
            print(f"Converged at iteration {number}: strict convergence.")

    def converged_within_tolerance(self, number: int, shift: np.floating[Any], tolerance: float) -> None:
        """Report that the centres hardly moved."""
        if self.verbose:
            print(f"Converged at iteration {number}: center shift {shift} within tolerance {tolerance}.")

    def finished(self, *, value: float, iterations: int, strict: bool, best: bool) -> None:
        """Report the end of a run; `best` says whether it is the best so far."""
        if self.recorder is not None:
            self.recorder.write(
                "run", run=self.run, inertia=value, iterations=iterations, strict_convergence=strict, best=best
            )
        self.run += 1
