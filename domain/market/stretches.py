"""The k-th smallest value in any range of a sequence, for millions of ranges at once.

Implements a wavelet matrix (Navarro and others, "The wavelet matrix", 2015): one level per bit of the values,
highest first. Each level moves zeros before ones; counts of zeros tell where a range continues.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bounds = NDArray[np.int32]
"""One row per question, one column per range; a question may cover several ranges."""


class Stretches:
    def __init__(self, values: NDArray[Any]) -> None:
        """Build from `values`, which must not be negative and must be below 2**31."""
        rest = np.asarray(values, np.int32)
        beyond_all = int(rest.max(initial=0)) + 1
        self._bits = range(beyond_all.bit_length() - 1, -1, -1)
        self._zeros: list[Ints] = []
        for bit in self._bits:
            ones = (rest >> bit) & 1
            self._zeros.append(np.concatenate(([0], np.cumsum(1 - ones, dtype=np.int32)), dtype=np.int32))
            rest = np.concatenate((rest[ones == 0], rest[ones == 1]))

    def smallest(self, starts: Bounds, ends: Bounds, k: Ints) -> Ints:
        """Return the k-th smallest value, from 0, of each question's ranges `[start, end)`."""
        found = np.zeros(len(k), np.int32)
        k = k.copy()
        for bit, zeros in zip(self._bits, self._zeros, strict=True):
            starts, ends, low_starts, low_ends = self._split(zeros, starts, ends)
            low = (low_ends - low_starts).sum(axis=1, dtype=np.int32)
            high = k >= low
            k -= np.where(high, low, 0)
            found |= high.astype(np.int32) << bit
            starts = np.where(high[:, None], starts, low_starts)
            ends = np.where(high[:, None], ends, low_ends)
        return found

    def below(self, starts: Bounds, ends: Bounds, values: Ints) -> Ints:
        """Return how many values of each question's ranges are smaller.

        `values` may exceed the greatest value by at most one.
        """
        found = np.zeros(len(values), np.int32)
        for bit, zeros in zip(self._bits, self._zeros, strict=True):
            starts, ends, low_starts, low_ends = self._split(zeros, starts, ends)
            high = (values >> bit) & 1 == 1
            found += np.where(high, (low_ends - low_starts).sum(axis=1, dtype=np.int32), 0)
            starts = np.where(high[:, None], starts, low_starts)
            ends = np.where(high[:, None], ends, low_ends)
        return found

    @staticmethod
    def _split(zeros: Ints, starts: Bounds, ends: Bounds) -> tuple[Bounds, Bounds, Bounds, Bounds]:
        """Return where each range continues among the ones, and where among the zeros."""
        low_starts, low_ends = zeros[starts], zeros[ends]
        return starts - low_starts + zeros[-1], ends - low_ends + zeros[-1], low_starts, low_ends
