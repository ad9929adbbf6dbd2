"""The moves of leads between statuses."""

from domain.states.inquiry_flow import MOVES, OPEN, allowed_from, may_move, when_asked_again
from schemas.vocabulary import InquiryStatus


def test_every_status_says_where_it_leads():
    assert {str(status): [str(to) for to in allowed_from(status)] for status in InquiryStatus} == {
        "new": ["contacted"],
        "contacted": ["qualified", "lost"],
        "qualified": ["converted", "lost"],
        "converted": [],
        "lost": [],
    }


def test_a_move_is_one_that_the_table_names():
    pairs = {(status, to) for status in InquiryStatus for to in InquiryStatus if may_move(status, to)}
    assert pairs == {(status, to) for status, allowed in MOVES.items() for to in allowed}


def test_every_status_can_be_reached_and_only_the_first_is_never_returned_to():
    assert {to for allowed in MOVES.values() for to in allowed} == set(InquiryStatus) - {InquiryStatus.NEW}


def test_who_asks_again_is_somebodys_work_again_unless_the_deal_is_made():
    assert {status for status in InquiryStatus if when_asked_again(status) in OPEN} == {
        *OPEN,
        InquiryStatus.LOST,
    }
    assert [when_asked_again(status) for status in OPEN] == list(OPEN)
