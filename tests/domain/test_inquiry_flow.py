"""How leads move."""

from domain.inquiry_flow import MOVES, allowed_from, may_move
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
