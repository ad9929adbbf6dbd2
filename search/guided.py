"""Guided search: the next question, how many listings each answer would leave, and the listings so far."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.security.keys import Keys
from schemas.api.search.canonical import ListingSearch
from schemas.api.search.guided import (
    AnsweredQuestion,
    AskedQuestion,
    Dropped,
    GuidedAnswer,
    GuidedRequest,
    Question,
)
from schemas.api.search.listings import Facet, FacetOption
from schemas.vocabulary import PropertyType
from search.answers.cards import cards
from search.answers.facets import FACETS
from search.answers.options import Counts, Options, budget_options, chosen_budget, entropy
from search.answers.walks import walk_of
from search.engine import ask, total_of
from search.queries import (
    PRICE,
    TERMS,
    Body,
    Filters,
    Group,
    choice_filters,
    counts_query,
    filters,
    page_of_listings,
)
from search.relaxation import suggestions

Response = dict[str, Any]

TYPE, BHK, LOCALITY = Facet.PROPERTY_TYPE.value, Facet.BHK.value, Facet.LOCALITY.value
QUESTIONS: dict[Group, Question] = {
    PRICE: Question.BUDGET,
    TYPE: Question.PROPERTY_TYPE,
    BHK: Question.BHK,
    LOCALITY: Question.LOCALITY,
}
GROUPS = {question: group for group, question in QUESTIONS.items()}
TEXTS = {
    Question.BUDGET: "What is your budget?",
    Question.PROPERTY_TYPE: "What kind of property are you looking for?",
    Question.BHK: "How many bedrooms?",
    Question.LOCALITY: "Where in Noida?",
}
OPTIONS: dict[Group, Options] = {PRICE: budget_options} | {
    facet.value: FACETS[facet].options for facet in (Facet.PROPERTY_TYPE, Facet.BHK, Facet.LOCALITY)
}
THIRD = (BHK, LOCALITY)


@dataclass(frozen=True)
class GuidedState:
    """A visitor's state: the search, the groups to ask about next, and the groups passed over."""

    search: ListingSearch
    filters: Filters
    candidates: tuple[Group, ...]
    passed: tuple[Group, ...]

    @property
    def answered(self) -> list[Group]:
        return [group for group in QUESTIONS if group in self.filters.chosen or group in self.passed]

    @property
    def together(self) -> tuple[Group, ...]:
        """The groups that one body counts together, because they have no choice."""
        return (*self.candidates, *self.passed)

    def bodies(self, *, with_counts: bool, after: Sequence[Any] | None = None) -> list[Body]:
        """Return the page's body, one for all groups without a choice, and one for each group with a choice.

        The total comes from the second body, which the engine caches. Without one, it comes from the page.
        """
        shared = [counts_query(self.filters, self.together)] if with_counts and self.together else []
        page = page_of_listings(self.search, self.filters, with_total=not shared, after=after)
        alone = self.filters.chosen if with_counts else ()
        return [page, *shared, *(counts_query(self.filters, [group], ignoring=group) for group in alone)]

    def supplies(self, responses: Sequence[Response]) -> dict[Group, Counts]:
        """Return the listings by value, for each counted group."""
        alone = list(self.filters.chosen)
        shared = dict.fromkeys(self.together, responses[1]) if self.together else {}
        counted = shared | dict(zip(alone, responses[len(responses) - len(alone) :], strict=True))
        return {group: supply_of(response, group) for group, response in counted.items()}


async def guide(search: AsyncOpenSearch, alias: str, request: GuidedRequest, keys: Keys) -> GuidedAnswer:
    """Return the listings so far and the next question; `keys` are those of cursors.

    Raises:
        SearchUnavailable: see engine.ask.
        Unparsable: the cursor is invalid, or belongs to another search.
    """
    wanted = request.search()
    dropped: list[Dropped] = []
    if request.changed is not None:
        wanted, dropped = await drop_unmatched_answers(search, alias, wanted, GROUPS[request.changed])
    state = state_of(wanted, {GROUPS[question] for question in request.settled})
    walk = walk_of(wanted, request.cursor, keys)
    responses = await ask(search, alias, state.bodies(with_counts=request.counts, after=walk.after))
    total = total_of(responses)
    supplies = state.supplies(responses) if request.counts else {}
    return GuidedAnswer(
        question=next_question(state, supplies) if request.counts else None,
        answered=answered_questions(state, supplies, total) if request.counts else [],
        dropped=dropped,
        items=cards(walk.hits(responses[0]), explain=request.explain),
        total=total,
        page=walk.page,
        page_size=wanted.page_size,
        next_cursor=walk.next_cursor(responses[0], total),
        search=wanted.canonical(),
        suggestions=await suggestions(search, alias, wanted, total) if request.suggest else [],
    )


def state_of(search: ListingSearch, settled: Collection[Group] = ()) -> GuidedState:
    wanted = filters(search)
    candidates = _candidates(search, {*wanted.chosen, *settled})
    passed = tuple(group for group in QUESTIONS if group in settled and group not in wanted.chosen)
    return GuidedState(search, wanted, candidates, passed)


def _candidates(search: ListingSearch, settled: set[Group]) -> tuple[Group, ...]:
    for group in (PRICE, TYPE):
        if group not in settled:
            return (group,)
    if settled.intersection(THIRD):
        return ()
    return (LOCALITY,) if _only_plots(search) else THIRD


def _only_plots(search: ListingSearch) -> bool:
    return search.property_type == (PropertyType.PLOT,)


def next_question(state: GuidedState, supplies: Mapping[Group, Counts]) -> AskedQuestion | None:
    """Return the candidate that best splits the remaining listings; None if no answer would narrow them."""
    group = max(state.candidates, key=lambda candidate: entropy(supplies[candidate]), default=None)
    if group is None or not supplies[group] or (group in THIRD and not entropy(supplies[group])):
        return None
    options = OPTIONS[group](state.search, supplies[group])
    asked = AskedQuestion(
        id=QUESTIONS[group],
        text=TEXTS[QUESTIONS[group]],
        options=[
            {"value": o["value"], "label": o["label"], "count": o["count"], "disabled": not o["count"]}
            for o in options
        ],
        skippable=group in THIRD,
    )
    if group == LOCALITY:
        asked["other_count"] = count_unlisted(supplies[group], options)
    return asked


def answered_questions(
    state: GuidedState, supplies: Mapping[Group, Counts], total: int
) -> list[AnsweredQuestion]:
    return [answered_question(state, group, supplies[group], total) for group in state.answered]


def answered_question(state: GuidedState, group: Group, supply: Counts, total: int) -> AnsweredQuestion:
    is_budget = group == PRICE
    options = (
        chosen_budget(state.search, supply, total) if is_budget else OPTIONS[group](state.search, supply)
    )
    answered = AnsweredQuestion(
        id=QUESTIONS[group],
        text=TEXTS[QUESTIONS[group]],
        any=group in state.passed,
        options=[{**o, "disabled": not (o["count"] or o["selected"])} for o in options],
    )
    if group == LOCALITY:
        answered["other_count"] = count_unlisted(supply, options)
    return answered


def count_unlisted(supply: Counts, options: Iterable[FacetOption]) -> int:
    """Return the number of listings with values that are not listed as options."""
    return sum(supply.values()) - sum(option["count"] for option in options)


def supply_of(response: Response, group: Group) -> Counts:
    buckets = response["aggregations"][group]["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}


async def drop_unmatched_answers(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, changed: Group
) -> tuple[ListingSearch, list[Dropped]]:
    """Drop answers after the changed one that match no listing any more, in the order of the questions."""
    flow = list(QUESTIONS)
    dropped = []
    for group in flow[flow.index(changed) + 1 :]:
        if group not in choice_filters(wanted):
            continue
        earlier = wanted.model_copy(update=dict.fromkeys(flow[flow.index(group) :], ()))
        [response] = await ask(search, alias, [counts_query(filters(earlier), [group])])
        supply = supply_of(response, group)
        term = TERMS.get(group, str)
        unmatched = [value for value in getattr(wanted, group) if term(value) not in supply]
        if unmatched:
            kept = tuple(value for value in getattr(wanted, group) if value not in unmatched)
            wanted = wanted.model_copy(update={group: kept})
            dropped.append(
                Dropped(
                    id=QUESTIONS[group], values=unmatched, reason="No listing fits the answers before it."
                )
            )
    return wanted, dropped
