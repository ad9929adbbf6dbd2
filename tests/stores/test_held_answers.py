"""The cached answers that a process holds in memory."""

from hypothesis import given
from hypothesis import strategies as st

from stores.held_answers import HeldAnswers

MOST = 100
KEYS = st.sampled_from("abcdef")
ENTRIES = st.none() | st.builds(
    lambda expires, length: b"%010d" % expires + bytes(length), st.integers(0, 20), st.integers(1, 120)
)
LOOKUPS = st.lists(
    st.tuples(st.sampled_from([b"7", b"8"]), st.integers(0, 20), st.dictionaries(KEYS, ENTRIES, min_size=1))
)


@given(LOOKUPS)
def test_a_held_answer_is_the_latest_found_in_its_epoch_unexpired_and_all_fit_into_the_limit(
    lookups: list[tuple[bytes, int, dict[str, bytes | None]]],
):
    held, epoch, latest = HeldAnswers(MOST), b"", dict[str, bytes]()
    for now_epoch, now, found in lookups:
        if now_epoch != epoch:
            epoch, latest = now_epoch, {}
        known = set(held.among("abcdef")) if held.epoch == epoch else set()
        latest |= {key: entry for key, entry in found.items() if entry}
        answers = held.answers(epoch, now, found)
        assert answers == {
            key: latest[key][10:] if (entry or key in known) and int(latest[key][:10]) > now else None
            for key, entry in found.items()
        }
        assert sum(len(latest[key]) for key in held.among("abcdef")) <= MOST


def test_an_answer_is_held_until_it_expires_or_the_epoch_ends():
    held = HeldAnswers(MOST)
    assert held.answers(b"7", 1, {"a": b"0000000009old", "b": None}) == {"a": b"old", "b": None}
    assert (held.epoch, held.among("ba")) == (b"7", ["a"])
    assert held.answers(b"7", 8, {"a": None}) == {"a": b"old"}
    assert held.answers(b"7", 9, {"a": None}) == {"a": None}
    assert held.among("a") == []
    assert held.answers(b"7", 9, {"a": b"0000000019new"}) == {"a": b"new"}
    assert held.answers(b"8", 9, {"a": None}) == {"a": None}
    assert (held.epoch, held.among("a")) == (b"8", [])


def test_answers_beyond_the_limit_drop_all_held_ones_and_a_larger_one_is_never_held():
    held = HeldAnswers(MOST)
    assert held.answers(b"7", 1, {"a": b"0000000009" + bytes(40)}) == {"a": bytes(40)}
    assert held.answers(b"7", 1, {"b": b"0000000009" + bytes(41)}) == {"b": bytes(41)}
    assert held.among("ab") == ["b"]
    assert held.answers(b"7", 1, {"c": b"0000000009" + bytes(91)}) == {"c": bytes(91)}
    assert held.among("abc") == ["b"]
