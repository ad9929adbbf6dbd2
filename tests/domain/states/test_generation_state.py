"""The moves of a generation: only verified ones go live, and ended ones stay ended."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.states.generation_state import MOVES, IllegalMove, move
from schemas.vocabulary import GenerationState

BUILDING, VERIFYING, LIVE, RETAINED, STALE, DROPPED, FAILED = GenerationState


def test_every_state_has_its_moves():
    assert MOVES.keys() == set(GenerationState)


@pytest.mark.parametrize("state", list(GenerationState))
def test_staying_is_no_move(state):
    assert move(state, state) is state


def test_a_refusal_says_what_from_and_to():
    with pytest.raises(IllegalMove, match="A generation that is building cannot become live"):
        move(BUILDING, LIVE)


@given(st.lists(st.sampled_from(list(GenerationState)), max_size=12))
def test_whatever_is_tried_nothing_goes_live_unverified_and_no_end_is_left(wishes):
    walked = [BUILDING]
    for wish in wishes:
        with suppress(IllegalMove):
            walked.append(move(walked[-1], wish))
    assert LIVE not in walked or walked.index(VERIFYING) < walked.index(LIVE)
    for end in (DROPPED, FAILED, STALE):
        if end in walked:
            assert set(walked[walked.index(end) :]) <= {end, DROPPED}
    assert RETAINED not in walked or LIVE in walked[: walked.index(RETAINED)]
