"""How the assignments of an exact fit were proved."""

from __future__ import annotations

from dataclasses import dataclass

from workings.cluster.exact.nearest import Decisions


@dataclass(frozen=True)
class Tally:
    """How the assignments of a run were found.

    Parameters
    ----------
    assignments : int
        Rows times iterations.
    compared : int
        Rows that were compared with all centres; the others kept their label by a bound.
    in_double : int
        Of these, rows that float32 left open.
    refereed : int
        Of these, rows that double arithmetic left open too.
    """

    assignments: int = 0
    compared: int = 0
    in_double: int = 0
    refereed: int = 0


@dataclass(frozen=True)
class AssignmentCertificate:
    """How many assignments were decided by which proof, over all iterations of the run that was kept.

    Parameters
    ----------
    by_bounds : int
        No distance was computed: the centres had not moved far enough for another one to be nearer.
    by_float32 : int
        The distances differ by more than the bound on their error in float32.
    by_double : int
        They differ by more than the bound in double arithmetic.
    by_integers : int
        No rounded arithmetic could tell: the distances were compared as integers.
    ties : int
        Rows exactly as near to two centres as numbers can be; they went to the centre of lowest index. They are
        counted above too.

    Examples
    --------
    >>> AssignmentCertificate(60, 30, 8, 2, 1).assignments
    100
    """

    by_bounds: int
    by_float32: int
    by_double: int
    by_integers: int
    ties: int

    @property
    def assignments(self) -> int:
        """How many assignments there were: rows times iterations."""
        return self.by_bounds + self.by_float32 + self.by_double + self.by_integers

    @property
    def sentence(self) -> str:
        """The same in a sentence."""
        return (
            f"All {self.assignments:,} assignments are proved: {self.by_bounds:,} because no other centre could have "
            f"come near enough, {self.by_float32:,} in float32 and {self.by_double:,} in double arithmetic with a "
            f"bound on the error, {self.by_integers:,} by comparing integers; {self.ties:,} were true ties."
        )


def certificate(tally: Tally, decisions: Decisions) -> AssignmentCertificate:
    """Return the certificate of a run.

    Parameters
    ----------
    tally : Tally
        Of the run.
    decisions : Decisions
        Of the referee, about the rows that were left to it.

    Returns
    -------
    AssignmentCertificate
    """
    return AssignmentCertificate(
        by_bounds=tally.assignments - tally.compared,
        by_float32=tally.compared - tally.in_double,
        by_double=tally.in_double - tally.refereed + decisions.by_table + decisions.by_differences,
        by_integers=decisions.by_integers,
        ties=decisions.ties,
    )
