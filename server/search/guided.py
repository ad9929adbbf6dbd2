"""Guided search: what to ask next, what every answer would leave, and the listings so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.guided import (
    AnsweredOption,
    AnsweredQuestion,
    AskedQuestion,
    Dropped,
    GuidedAnswer,
    GuidedRequest,
    Option,
    Question,
)
from schemas.api.search import ListingSearch
from schemas.vocabulary import PropertyType
from server.search.cards import cards
from server.search.engine import ask
from server.search.options import OPTIONS, Counts, chosen_range, entropy
from server.search.queries import TERMS, Body, Filters, Group, choices, counts, filters, page_of_listings
from server.search.relaxation import suggestions

QUESTIONS = {
    Group.PRICE: Question.BUDGET,
    Group.PROPERTY_TYPE: Question.PROPERTY_TYPE,
    Group.BHK: Question.BHK,
    Group.LOCALITY: Question.LOCALITY,
}
GROUPS = {question: group for group, question in QUESTIONS.items()}
TEXTS = {
    Question.BUDGET: "What is your budget?",
    Question.PROPERTY_TYPE: "What kind of property are you looking for?",
    Question.BHK: "How many bedrooms?",
    Question.LOCALITY: "Where in Noida?",
}
THIRD = (Group.BHK, Group.LOCALITY)


@dataclass(frozen=True)
class Step:
    """Where a visitor stands: what is searched for, what has an answer, what may be asked next."""

    search: ListingSearch
    filters: Filters
    candidates: tuple[Group, ...]

    @property
    def answered(self) -> Iterable[Group]:
        return self.filters.chosen


async def guide(search: AsyncOpenSearch, alias: str, request: GuidedRequest) -> GuidedAnswer:
    wanted = request.search()
    dropped: list[Dropped] = []
    if request.changed is not None:
        wanted, dropped = await revalidated(search, alias, wanted, GROUPS[request.changed])
    step = step_of(wanted, {GROUPS[question] for question in request.settled})
    responses = await ask(search, alias, bodies(step, with_counts=request.counts))
    total = total_of(responses)
    answer = GuidedAnswer(
        question=None,
        answered=[],
        dropped=dropped,
        items=cards(responses[0], explain=request.explain),
        total=total,
        page=wanted.page,
        page_size=wanted.page_size,
        next_cursor=None,
        search=wanted.canonical(),
        suggestions=await suggestions(search, alias, wanted, total) if request.suggest else [],
    )
    if request.counts:
        count_options(answer, step, responses[1:])
    return answer


def total_of(responses: Sequence[dict[str, Any]]) -> int:
    """The page leaves counting to the body behind it when there is one that matches the same."""
    totals = (response["hits"].get("total") for response in responses)
    return int(next(total["value"] for total in totals if total))


def count_options(answer: GuidedAnswer, step: Step, counted: Sequence[dict[str, Any]]) -> None:
    """Fill in the questions, the next one and those with an answer."""
    if step.candidates:
        answer["question"] = next_question(step, counted[0])
        counted = counted[1:]
    answer["answered"] = answered_questions(step, counted, answer["total"])


def step_of(search: ListingSearch, settled: Iterable[Group] = ()) -> Step:
    wanted = filters(search)
    return Step(search, wanted, _candidates(search, {*wanted.chosen, *settled}))


def _candidates(search: ListingSearch, settled: set[Group]) -> tuple[Group, ...]:
    for group in (Group.PRICE, Group.PROPERTY_TYPE):
        if group not in settled:
            return (group,)
    if settled.intersection(THIRD):
        return ()
    return (Group.LOCALITY,) if _only_plots(search) else THIRD


def _only_plots(search: ListingSearch) -> bool:
    return search.property_type == (PropertyType.PLOT,)


def bodies(step: Step, *, with_counts: bool) -> list[Body]:
    """The page; the candidates' counts, if any may be asked; each answered group without itself.

    The total comes with the candidates' counts, which the engine caches, else with the page.
    """
    if not with_counts:
        return [page_of_listings(step.search, step.filters, with_total=True)]
    asked = [counts(step.filters, step.candidates)] if step.candidates else []
    disjunctive = (counts(step.filters, [group], ignoring=group) for group in step.answered)
    return [page_of_listings(step.search, step.filters, with_total=not asked), *asked, *disjunctive]


def next_question(step: Step, response: dict[str, Any]) -> AskedQuestion | None:
    """The candidate that splits what is left best; none when no answer would narrow anything."""
    supplies = {group: supply_of(response, group) for group in step.candidates}
    group = max(supplies, key=lambda candidate: entropy(supplies[candidate]), default=None)
    if group is None or (group in THIRD and not entropy(supplies[group])):
        return None
    options = OPTIONS[group](step.search, supplies[group])
    asked = AskedQuestion(
        id=QUESTIONS[group],
        text=TEXTS[QUESTIONS[group]],
        options=[Option(value=o["value"], label=o["label"], count=o["count"]) for o in options],
        skippable=group in THIRD,
    )
    if group is Group.LOCALITY:
        asked["other_count"] = other_count(supplies[group], options)
    return asked


def answered_questions(step: Step, responses: Iterable[dict[str, Any]], total: int) -> list[AnsweredQuestion]:
    return [
        answered_question(step.search, group, supply_of(response, group), total)
        for group, response in zip(step.answered, responses, strict=True)
    ]


def answered_question(search: ListingSearch, group: Group, supply: Counts, total: int) -> AnsweredQuestion:
    options = OPTIONS[group](search, supply)
    if search.price is not None and group is Group.PRICE and not any(o["selected"] for o in options):
        options = [chosen_range(search.price, total), *options]
    answered = AnsweredQuestion(id=QUESTIONS[group], text=TEXTS[QUESTIONS[group]], options=options)
    if group is Group.LOCALITY:
        answered["other_count"] = other_count(supply, options)
    return answered


def other_count(supply: Counts, options: Iterable[AnsweredOption]) -> int:
    """Listings behind the values that the list leaves out."""
    return sum(supply.values()) - sum(option["count"] for option in options)


def supply_of(response: dict[str, Any], group: Group) -> Counts:
    buckets = response["aggregations"][group]["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in buckets}


async def revalidated(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, changed: Group
) -> tuple[ListingSearch, list[Dropped]]:
    """Drop the answers after a changed one that no listing fits any more, in the order of the flow."""
    flow = list(QUESTIONS)
    dropped = []
    for group in flow[flow.index(changed) + 1 :]:
        if group not in choices(wanted):
            continue
        earlier = wanted.model_copy(update=dict.fromkeys(flow[flow.index(group) :], ()))
        [response] = await ask(search, alias, [counts(filters(earlier), [group])])
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
