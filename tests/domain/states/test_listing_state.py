"""All moves between listing states."""

from itertools import product

import pytest

from domain.states.listing_state import IllegalMove, move, state_when
from schemas.vocabulary import PropertyState

LEGAL = {
    "draft": {"draft", "active", "sold", "expired", "deleted"},
    "active": {"active", "under_offer", "inactive", "sold", "expired", "deleted"},
    "under_offer": {"under_offer", "active", "sold", "expired", "deleted"},
    "inactive": {"inactive", "active", "sold", "expired", "deleted"},
    "sold": {"sold", "active", "deleted"},
    "expired": {"expired", "active", "deleted"},
    "deleted": {"deleted", "active"},
}


@pytest.mark.parametrize(("now", "wanted"), list(product(PropertyState, repeat=2)))
def test_every_pair_of_states_is_a_move_or_is_not(now: PropertyState, wanted: PropertyState):
    if wanted in LEGAL[now]:
        assert move(now, wanted) is wanted
    else:
        with pytest.raises(IllegalMove) as refused:
            move(now, wanted)
        assert set(refused.value.allowed) == LEGAL[now] - {now}


@pytest.mark.parametrize(
    ("now", "shown", "hidden"),
    [
        ("draft", "active", "draft"),
        ("active", "active", "inactive"),
        ("under_offer", "under_offer", "inactive"),
        ("inactive", "active", "inactive"),
        ("sold", "active", "sold"),
        ("expired", "active", "expired"),
        ("deleted", "active", "deleted"),
    ],
)
def test_what_is_as_wanted_stays_as_it_is(now: str, shown: str, hidden: str):
    state = PropertyState(now)
    assert (state_when(shown=True, now=state), state_when(shown=False, now=state)) == (shown, hidden)
