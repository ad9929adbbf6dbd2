"""The k-th smallest value of several stretches, compared with sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.market.stretches import Stretches


@given(st.data(), st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_places_and_counts_are_those_of_sorting(data, values):
    cuts = data.draw(st.lists(st.integers(0, len(values)), min_size=4, max_size=4).map(sorted))
    together = sorted(values[cuts[0] : cuts[1]] + values[cuts[2] : cuts[3]])
    stretches = Stretches(np.array(values))
    starts, ends = (np.tile(np.array(cuts[side::2], np.int32), (len(together), 1)) for side in (0, 1))
    places = np.arange(len(together), dtype=np.int32)
    assert stretches.smallest(starts, ends, places).tolist() == together
    limit = data.draw(st.integers(0, max(values) + 1))
    [below] = stretches.below(starts[:1], ends[:1], np.array([limit], np.int32)) if together else [0]
    assert below == sum(value < limit for value in together)
