"""Every case where ours is slower, larger or other than it should be, and every aim that is missed, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .aims import AIMS

Losses = Callable[[Mapping[str, Any]], Iterator[str]]


def sentences(
    results: Mapping[str, Mapping[str, Mapping[str, Any]]],
    summaries: Mapping[str, Mapping[str, Any]],
    losses: Mapping[str, Losses],
) -> list[str]:
    """Return a sentence for each loss.

    Parameters
    ----------
    results : mapping
        By part, by group, by case, an entry.
    summaries : mapping
        By part, by group, its summary.
    losses : mapping
        By part, a function that yields what else than time an entry loses.
    """
    return [
        *(
            f"{part}, {group}, {case}: {words}."
            for part, groups in results.items()
            for group, entries in groups.items()
            for case, entry in entries.items()
            for words in (*_slow(part, group, entry), *losses[part](entry))
        ),
        *_missed(summaries),
    ]


def _slow(part: str, group: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for our, ratios in entry.get("ratios", {}).items():
        losses = []
        for peer, row in ratios.items():
            missed = [aim for aim in AIMS if aim.misses_case(part, group, our, peer, row["median"])]
            if row["median"] > 1 or missed:
                aimed = "".join(f" (aim {aim.limit:.2f})" for aim in missed)
                losses.append(f"{row['median']:.2f} times that of {peer}{aimed}")
        if losses:
            yield f"CPU time of {our} {', '.join(losses)}"


def _missed(summaries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for aim in AIMS:
        value = aim.found(summaries)
        if value is not None and not aim.meets(value) and not aim.of_every_case:
            yield f"{aim.label}: {value:.3g}, aim {aim.limit:.2f}."
