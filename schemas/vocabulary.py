"""The closed vocabularies of the business, each in display order."""

from enum import StrEnum


class PropertyType(StrEnum):
    APARTMENT = "apartment"
    BUILDER_FLOOR = "builder_floor"
    INDEPENDENT_HOUSE = "independent_house"
    VILLA = "villa"
    PENTHOUSE = "penthouse"
    STUDIO = "studio"
    PLOT = "plot"


class ListingType(StrEnum):
    SALE = "sale"
    RENT = "rent"


class AreaBasis(StrEnum):
    """What an area includes. Prices per area are only compared on the same basis."""

    CARPET = "carpet"
    BUILT_UP = "built_up"
    SUPER = "super"


class Direction(StrEnum):
    NORTH = "north"
    NORTH_EAST = "north_east"
    EAST = "east"
    SOUTH_EAST = "south_east"
    SOUTH = "south"
    SOUTH_WEST = "south_west"
    WEST = "west"
    NORTH_WEST = "north_west"


class Room(StrEnum):
    """A room that vastu assigns a direction."""

    ENTRANCE = "entrance"
    KITCHEN = "kitchen"
    MASTER_BEDROOM = "master_bedroom"
    POOJA = "pooja"
    TOILET = "toilet"


class Furnishing(StrEnum):
    UNFURNISHED = "unfurnished"
    SEMI_FURNISHED = "semi_furnished"
    FURNISHED = "furnished"


class Possession(StrEnum):
    READY_TO_MOVE = "ready_to_move"
    UNDER_CONSTRUCTION = "under_construction"


class PropertyState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    UNDER_OFFER = "under_offer"
    INACTIVE = "inactive"
    SOLD = "sold"
    EXPIRED = "expired"
    DELETED = "deleted"


class ScoreSource(StrEnum):
    """Where a vastu or light score comes from: computed by rules, or set by an admin."""

    COMPUTED = "computed"
    MANUAL = "manual"


class DealLabel(StrEnum):
    """How a price compares with its market: from best to most expensive for a buyer, then suspicious."""

    GREAT = "great"
    GOOD = "good"
    FAIR = "fair"
    ABOVE = "above"
    HIGH = "high"
    CHECK_PRICE = "check_price"


class MarketLevel(StrEnum):
    """How close the comparable listings are, closest first."""

    SAME_SOCIETY = "same_society"
    SAME_SECTOR = "same_sector"
    SIMILAR_IN_SECTOR = "similar_in_sector"
    WITHIN_2_KM = "within_2_km"
    NEIGHBOURING_SECTORS = "neighbouring_sectors"
    CITY = "city"


class MarketReason(StrEnum):
    """Why a price has no label."""

    INSUFFICIENT_DATA = "insufficient_data"
    TOO_FEW = "too_few"
    CITY_LEVEL = "city_level"
    NO_MEDIAN = "no_median"
    RECALCULATING = "recalculating"
    """The price or its comparison basis has just changed."""


class ImageType(StrEnum):
    PHOTO = "photo"
    FLOOR_PLAN = "floor_plan"
    EXTERIOR = "exterior"
    INTERIOR = "interior"


class EnhancementStatus(StrEnum):
    NONE = "none"
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Role(StrEnum):
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class InquiryType(StrEnum):
    VISIT = "visit"
    CALLBACK = "callback"
    PRICE = "price"
    GENERAL = "general"


class InquiryStatus(StrEnum):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class GenerationState(StrEnum):
    BUILDING = "building"
    VERIFYING = "verifying"
    LIVE = "live"
    RETAINED = "retained"
    STALE = "stale"
    DROPPED = "dropped"
    FAILED = "failed"


class Confidence(StrEnum):
    """How certain a sector's centre is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


LABELS: dict[str, str] = {
    "apartment": "Apartment",
    "builder_floor": "Builder floor",
    "independent_house": "Independent house",
    "villa": "Villa",
    "penthouse": "Penthouse",
    "studio": "Studio",
    "plot": "Plot",
    "north": "North",
    "north_east": "North-East",
    "east": "East",
    "south_east": "South-East",
    "south": "South",
    "south_west": "South-West",
    "west": "West",
    "north_west": "North-West",
    "unfurnished": "Unfurnished",
    "semi_furnished": "Semi-furnished",
    "furnished": "Furnished",
    "ready_to_move": "Ready to move",
    "under_construction": "Under construction",
    "great": "Great price",
    "good": "Good price",
    "fair": "Fair price",
    "above": "Above market",
    "high": "High price",
    "check_price": "Check the price",
    "unknown": "Not stated",
}
"""Display labels of the values; a frontend may use its own."""
