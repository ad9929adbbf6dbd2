"""The state table of an enhancement: one start, no step back except by a new request."""

from datetime import timedelta

import pytest

from domain.states.enhancement import MOVES, RUNNING, Event, Stage, pause_after, sources, target
from schemas.vocabulary import EnhancementStatus

ENDS = {Stage.COMPLETED, Stage.FAILED, Stage.TIMEOUT}
ASKING = {Event.REQUESTED, Event.FORCED, Event.REVERTED}
"""Events that only a person causes."""


def test_every_stage_has_its_row_and_every_event_leads_somewhere():
    assert set(MOVES) == set(Stage)
    assert all(sources(event) for event in Event)
    assert {stage.status for stage in Stage} == set(EnhancementStatus)


@pytest.mark.parametrize("event", Event)
def test_an_event_leads_to_one_stage_from_wherever_it_leads_at_all(event):
    assert {MOVES[stage][event] for stage in sources(event)} == {target(event)}


def test_no_event_leads_back_without_a_person():
    order = [Stage.NONE, Stage.PENDING, Stage.PROCESSING, Stage.FETCHING, *ENDS]
    steps = [(a, b) for a, moves in MOVES.items() for event, b in moves.items() if event not in ASKING]
    assert all(order.index(a) < order.index(b) for a, b in steps)


@pytest.mark.parametrize("stage", sorted(RUNNING))
def test_whatever_runs_can_end_in_each_way_that_is_open_to_it(stage):
    seen, frontier = {stage}, [stage]
    while frontier:
        for event, after in MOVES[frontier.pop()].items():
            if event not in ASKING and after not in seen:
                seen.add(after)
                frontier.append(after)
    assert seen >= ENDS


@pytest.mark.parametrize("stage", sorted(ENDS | {Stage.NONE}))
def test_what_has_ended_moves_only_for_a_person(stage):
    assert set(MOVES[stage]) <= ASKING


def test_asking_again_needs_force_only_where_there_is_a_result():
    assert sources(Event.FORCED) - sources(Event.REQUESTED) == {Stage.COMPLETED}


def test_pauses_double_to_a_quarter_of_an_hour():
    seconds = [pause_after(tries) / timedelta(seconds=1) for tries in (1, 2, 3, 8, 9, 1_000)]
    assert seconds == [5, 10, 20, 640, 900, 900]
