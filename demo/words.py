"""Builds titles and descriptions in plain words from a home's values."""

import random
from functools import cache

from demo.home import Building, Directions, Offer, Place, Rooms
from domain.bedrooms import bhk_label
from domain.facing import facing
from schemas.vocabulary import LABELS, AreaBasis, Direction, Furnishing, ListingType, Possession, PropertyType

VIEWS = (
    "facing the park", "facing the garden", "on a quiet lane", "with a view over the trees",
    "near the main gate", "away from the road", "facing the pool", "with an open view",
    "beside the green belt", "at the corner",
)  # fmt: skip
FLAT_NOTES = (
    "Air moves through from one side to the other.",
    "The kitchen has a window and a utility balcony.",
    "One covered parking space belongs to it.",
    "Two parking spaces belong to it, one of them covered.",
    "The lifts and all rooms have power backup.",
    "There are wardrobes in every bedroom.",
    "A small store room comes with it.",
    "The water is softened for the whole building.",
    "The living room opens onto the largest balcony.",
    "The windows were replaced two years ago.",
    "A gas pipe is connected.",
    "The same family has lived here from the start.",
    "The corridor is short, so little of the area is lost.",
    "Children play in the yard below, out of the traffic.",
)
HOUSE_NOTES = (
    "There is a lawn in front and a yard at the back.",
    "Two cars fit behind the gate.",
    "The terrace belongs to the house alone.",
    "The stairs are outside, so that floors can be used apart.",
    "Solar panels heat the water.",
    "The street is closed to through traffic.",
    "A room on the roof serves as a study.",
    "The house stands on a corner and has light from three sides.",
    "An old neem tree shades the entrance.",
    "Every floor has a kitchen of its own.",
)
PLOT_NOTES = (
    "The boundary wall is built.",
    "The road in front is twelve metres wide.",
    "Water, sewer and power lie in the street.",
    "The park begins across the street.",
    "It is regular in shape and level.",
    "The neighbours on both sides have built already.",
    "The lease is registered and the dues are paid.",
    "The corner gives it a second front.",
)
NOTES = dict.fromkeys(PropertyType, FLAT_NOTES) | {
    PropertyType.INDEPENDENT_HOUSE: HOUSE_NOTES,
    PropertyType.VILLA: HOUSE_NOTES,
    PropertyType.PLOT: PLOT_NOTES,
}
CLOSINGS = {
    ListingType.SALE: (
        "The owner shows it on weekends.",
        "The papers can be seen at the visit.",
        "It can be handed over within a month.",
        "Loans from the usual banks are possible.",
        "The owner moves abroad and would like to decide soon.",
    ),
    ListingType.RENT: (
        "Two months are asked as a deposit.",
        "Families and working people are welcome.",
        "It is free from the first of next month.",
        "Maintenance is paid on top of the rent.",
        "A lease of eleven months, which can be renewed.",
    ),
}
BASES = {AreaBasis.CARPET: "carpet area", AreaBasis.BUILT_UP: "built-up area", AreaBasis.SUPER: "super area"}
FURNISHED = {
    Furnishing.FURNISHED: "Furnished throughout.",
    Furnishing.SEMI_FURNISHED: "Fans, lights and wardrobes stay.",
    Furnishing.UNFURNISHED: "Handed over empty and painted.",
}
SUN = {"morning": "with the sun in the morning", "evening": "with the sun in the evening", None: ""}
ENDINGS = {1: "st", 2: "nd", 3: "rd"}


@cache
def ordinal(number: int) -> str:
    teens = 10 <= number % 100 <= 20
    return f"{number}{'th' if teens else ENDINGS.get(number % 10, 'th')}"


@cache
def what(kind: PropertyType, bhk: float | None) -> str:
    label = LABELS[kind]
    return label if bhk is None else f"{bhk_label(bhk)} {label.lower()}"


def on_floor(floor: int | None) -> str:
    """Return the floor with a leading blank; "" if the home has no floor number."""
    if floor is None:
        return ""
    return " on the ground floor" if floor == 0 else f" on the {ordinal(floor)} floor"


def entitle(
    rng: random.Random, kind: PropertyType, *, place: Place, rooms: Rooms, building: Building, offer: Offer
) -> str:
    name, where = what(kind, rooms.bhk), place.locality
    if place.society and rng.random() < 0.6:
        where = f"{place.society}, {where}"
    form = rng.random()
    if form < 0.3:
        return f"{name}{on_floor(building.floor_number)}, {where}"
    if form < 0.6:
        return f"{name} in {where}"
    if form < 0.85:
        return f"{name}, {where}, {rng.choice(VIEWS)}"
    return f"{name} of {offer.area_sqft:,} sqft in {where}"


def describe(
    rng: random.Random,
    kind: PropertyType,
    *,
    rooms: Rooms,
    building: Building,
    offer: Offer,
    directions: Directions,
) -> str:
    sentences = [_measures(kind, offer, building.floor_number, building.total_floors)]
    if building.possession_status is Possession.UNDER_CONSTRUCTION:
        sentences.append("The building is not finished yet.")
    if directions.facing_direction is not None:
        sentences.append(_front(directions.facing_direction))
    if rooms.balconies and rooms.balconies > 1:
        sentences.append(f"{rooms.balconies} balconies.")
    sentences += rng.sample(NOTES[kind], 2)
    if building.furnishing_status is not None:
        sentences.append(FURNISHED[building.furnishing_status])
    sentences.append(rng.choice(CLOSINGS[offer.listing_type]))
    return " ".join(sentences)


def _measures(kind: PropertyType, offer: Offer, floor: int | None, total: int | None) -> str:
    if kind is PropertyType.PLOT:
        return f"A plot of {offer.area_sqft:,} sqft."
    storeys = "" if total is None else f" of {total}" if floor is not None else f", {total} floors"
    return f"{offer.area_sqft:,} sqft {BASES[offer.area_basis]}{on_floor(floor)}{storeys}."


@cache
def _front(direction: Direction) -> str:
    front = facing(direction)
    return f"It faces {front.label.lower()} {SUN[front.sun]}".rstrip() + "."
