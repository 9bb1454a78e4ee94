"""What a fit tells the world while it runs: printed lines (`verbose`) and the flight recorder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from workings.cluster.certified.prediction import nearest
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
    rounding : float
        How much rounding alone may raise the inertia from one iteration to the next.
    """

    verbose: bool
    recorder: Recorder | None
    offset: Floats | float
    full_stop: str
    rounding: float
    run: int = field(default=0, init=False)
    _last: float = field(default=math.inf, init=False)

    def seeded(self, rows: Rows, centers: Floats) -> None:
        """Report the initial centres of a run."""
        self._last = math.inf
        if self.recorder is not None:
            potential = inertia(rows, centers, nearest(rows, centers))
            self.recorder.write("seeding", run=self.run, potential=potential, centers=centers + self.offset)
        if self.verbose:
            print("Initialization complete")

    @property
    def listens(self) -> bool:
        """Whether anybody wants to know about iterations."""
        return self.verbose or self.recorder is not None

    def iteration(
        self,
        number: int,
        *,
        inertia: Callable[[], float],
        centers: Floats,
        labels: Labels,
        moved: int,
        shift: float,
        distances: int,
    ) -> None:
        """Report one iteration.

        Parameters
        ----------
        number : int
            From 0.
        inertia : callable
            Of the labels and of the centres that made them.
        centers : ndarray of shape (k, d)
            Those centres.
        labels : ndarray of shape (n,)
        moved : int
            How many rows changed their label.
        shift : float
            Sum of the squared shifts of the centres that follow.
        distances : int
            How many distances of a row to a centre were computed for the labels.
        """
        if not self.listens:
            return
        value = inertia()
        assert value <= self._last + self.rounding, (  # KM.10; python -O leaves it out
            f"The inertia rose from {self._last!r} to {value!r} in iteration {number}, which no step of k-means can "
            "do: please report this as a defect, with the data."
        )
        self._last = value
        if self.verbose:
            print(f"Iteration {number}, inertia {value}{self.full_stop}")
        if self.recorder is not None:
            self.recorder.write(
                "iteration",
                run=self.run,
                iteration=number,
                inertia=value,
                moved=moved,
                center_shift=float(shift),
                distances=distances,
                distances_saved=len(labels) * len(centers) - distances,
                labels=labels,
                centers=centers + self.offset,
            )

    def converged_strictly(self, number: int) -> None:
        """Report that no label changed."""
        if self.verbose:
            print(f"Converged at iteration {number}: strict convergence.")

    def converged_within_tolerance(self, number: int, shift: float, tolerance: float) -> None:
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
