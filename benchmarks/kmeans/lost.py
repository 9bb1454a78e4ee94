"""Every entry where ours is slower or larger than a peer, or has other bits than scikit-learn, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .contenders import OURS_FIRST


def sentences(timed: Mapping[str, Mapping[str, Any]], memory: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """Return a sentence for each of ours that is beaten in a case, naming all who beat it.

    Parameters
    ----------
    timed : mapping
        By what was timed, by case, an entry of `speed`.
    memory : mapping
        By case, by name, a peak of memory.
    """
    found = [sentence for what, entries in timed.items() for sentence in _slower_or_different(what, entries)]
    return [*found, *_larger(memory)]


def _slower_or_different(what: str, entries: Mapping[str, Any]) -> Iterator[str]:
    for case, entry in entries.items():
        for name, ratios in entry["ratios"].items():
            winners = [f"{row['median']:.2f} times that of {peer}" for peer, row in ratios.items() if row["median"] > 1]
            if winners:
                yield f"{name}, {what}, {case}: CPU time {', '.join(winners)}."
        others = [part for part, equal in entry["equal bits"].items() if not equal]
        if others:
            yield f"{OURS_FIRST}, {what}, {case}: other bits than scikit-learn's in the {', '.join(others)}."


def _larger(memory: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    for case, copies in memory.items():
        known = {name: value for name, value in copies.items() if value is not None}
        peers = {name: value for name, value in known.items() if not name.startswith(OURS_FIRST)}
        for name in (name for name in known if name.startswith(OURS_FIRST)):
            winners = [f"{peer} {value:.2f}" for peer, value in peers.items() if value < known[name]]
            if winners:
                own = f"{known[name]:.2f} copies of X"
                yield f"{name}, {case}: peak memory beyond the input {own}, {', '.join(winners)}."
