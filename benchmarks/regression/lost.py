"""Every entry where one of our solvers is slower, larger or less accurate than a peer, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .contenders import DECIMAL, OURS

OUR_NAMES = (*OURS, *DECIMAL)


def sentences(results: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each of ours that is beaten, naming all who beat it, and for each that refuses.

    Parameters
    ----------
    results : mapping
        The parts of the results file that are measured.
    """
    return [
        *_slower(results["CPU time of a fit"], "a fit"),
        *_slower(results["CPU time of a fit with standard errors"], "a fit with standard errors"),
        *_larger(results["peak memory"]),
        *_fewer_digits(results["digits on NIST's sets"]),
        *_fewer_correctly_rounded(results["correct rounding"]),
    ]


def _slower(speed: Mapping[str, Any], what: str) -> Iterator[str]:
    for shape, entry in speed.items():
        for name, ratios in entry["ratios"].items():
            winners = [f"{row['median']:.2f} times that of {peer}" for peer, row in ratios.items() if row["median"] > 1]
            if winners:
                yield f"{name}, {shape}: CPU time of {what} {', '.join(winners)}."
        yield from _refused(entry["refused"], shape)


def _larger(memory: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    for shape, copies in memory.items():
        known = {name: value for name, value in copies.items() if value is not None}
        for name, value, winners in _beaten({name: -value for name, value in known.items()}):
            losses = ", ".join(f"{peer} {-other:.2f}" for peer, other in winners.items())
            yield f"{name}, {shape}: peak memory beyond the input {-value:.2f} copies of X, {losses}."


def _fewer_digits(certified: Mapping[str, Any]) -> Iterator[str]:
    for dataset, entry in certified.items():
        for quantity, found in entry.items():
            for name, value, winners in _beaten(found["digits"]):
                losses = ", ".join(f"{peer} {other:.1f}" for peer, other in winners.items())
                yield f"{name}, {dataset}: {value:.1f} digits in the worst of the {quantity}, {losses}."
            yield from _refused(found["refused"], f"{dataset}, {quantity}")


def _fewer_correctly_rounded(rounding: Mapping[str, Any]) -> Iterator[str]:
    for condition, entry in rounding.items():
        for name, value, winners in _beaten(entry["correctly rounded"]):
            losses = ", ".join(f"{peer} {other}" for peer, other in winners.items())
            yield f"{name}, condition {condition}: {value} of {entry['numbers']} correctly rounded, {losses}."
        for name, value, winners in _beaten(entry["least digits"]):
            losses = ", ".join(f"{peer} {other:.1f}" for peer, other in winners.items())
            yield f"{name}, condition {condition}: {value:.1f} digits in the worst of all, {losses}."
        for name, count in entry["refused"].items():
            if name in OUR_NAMES:
                yield f"{name}, condition {condition}: refuses {count} of the problems."


def _beaten(scores: Mapping[str, float]) -> Iterator[tuple[str, float, dict[str, float]]]:
    """Yield each of ours with a lower score than a peer's: its name, its score, and the scores of those peers."""
    for name in (name for name in OUR_NAMES if name in scores):
        winners = {peer: score for peer, score in scores.items() if peer not in OUR_NAMES and score > scores[name]}
        if winners:
            yield name, scores[name], winners


def _refused(refused: Mapping[str, str], where: str) -> Iterator[str]:
    for name, words in refused.items():
        if name in OUR_NAMES:
            yield f"{name}, {where}: refuses. {words}"
