"""The smallest and the second smallest of each column, by pairwise minima of whole rows.

A row of the table is one centre, a column one point; the table is cut so that it stays in the cache. The index of the
smallest entry travels in the last bits of its mantissa, so that nothing but minima and maxima is needed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

MOST_CONTESTANTS = 64
_MANTISSA_BITS = 23


def packing_error(contestants: int) -> float:
    """Return by how much, relative to itself, an entry can change when an index takes its last bits."""
    return 2.0 ** (_index_bits(contestants) - _MANTISSA_BITS)


def two_smallest(table: Singles) -> tuple[Indices, Singles, Singles]:
    """Return the index of the smallest entry of each column, the smallest entry, and the second smallest.

    Parameters
    ----------
    table : ndarray of shape (k, m), C order
        k from 1 to `MOST_CONTESTANTS`; finite. Overwritten.

    Returns
    -------
    index : ndarray of shape (m,)
        Among entries that differ by less than `packing_error`, any.
    smallest, second : ndarray of shape (m,)
        Up to `packing_error`. The second is infinite where k is 1.

    Notes
    -----
    About 3km minima and maxima, in 4 log2 k calls.
    """
    k = len(table)
    mask = np.int32((1 << _index_bits(k)) - 1)
    bits = table.view(np.int32)
    np.bitwise_and(bits, ~mask, out=bits)
    np.bitwise_or(bits, np.arange(k, dtype=np.int32)[:, np.newaxis], out=bits)
    if k == 1:
        return bits[0] & mask, table[0], np.full_like(table[0], np.inf)
    half = k // 2
    winners = np.minimum(table[:half], table[half : 2 * half])
    losers = np.maximum(table[:half], table[half : 2 * half])
    if k % 2:
        _enter(winners[0], losers[0], table[-1])
    while len(winners) > 1:
        half = len(winners) // 2
        loser_of_winners = np.maximum(winners[:half], winners[half : 2 * half])
        next_winners = np.minimum(winners[:half], winners[half : 2 * half])
        next_losers = np.minimum(losers[:half], losers[half : 2 * half])
        np.minimum(next_losers, loser_of_winners, out=next_losers)
        if len(winners) % 2:
            np.minimum(next_losers[0], losers[-1], out=next_losers[0])
            _enter(next_winners[0], next_losers[0], winners[-1])
        winners, losers = next_winners, next_losers
    return winners[0].view(np.int32) & mask, winners[0], losers[0]


def _enter(winner: Singles, loser: Singles, entry: Singles) -> None:
    np.minimum(loser, np.maximum(winner, entry), out=loser)
    np.minimum(winner, entry, out=winner)


def _index_bits(contestants: int) -> int:
    return max((contestants - 1).bit_length(), 1)
