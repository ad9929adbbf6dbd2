"""Inquiries: what a visitor sends, and what admins list, change and see."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from unicodedata import normalize
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Choices, Shape, WrittenOut, exemplified, not_blank
from schemas.api.contacts import Email, Phone, plain
from schemas.api.lists import Items, Paging
from schemas.vocabulary import InquiryStatus, InquiryType

LONGEST_MESSAGE = 2_000
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _tidy(text: str) -> str:
    return normalize("NFC", text).strip()


def _words(text: str) -> str:
    return not_blank(_tidy(text))


def _given(consent: bool) -> bool:
    if not consent:
        raise PydanticCustomError("consent", "must be true: without consent we may not keep this")
    return consent


def _nothing_if_blank(text: str | None) -> str | None:
    return plain(text or "") or None


Words = AfterValidator(_words)
Short = Annotated[Annotated[str, Field(max_length=100)] | None, AfterValidator(_nothing_if_blank)]
"""Null when blank, because forms send an empty string for a field that was left out."""


Name = Annotated[str, Field(max_length=120), AfterValidator(plain), Words]


class NewInquiry(Shape):
    """An inquiry form."""

    property_id: UUID
    full_name: Name
    phone: Phone
    email: Email | None = None
    message: Annotated[str, Field(max_length=LONGEST_MESSAGE), AfterValidator(_tidy)] = ""
    inquiry_type: InquiryType = InquiryType.GENERAL
    preferred_contact_time: Short = None
    consent: Annotated[bool, AfterValidator(_given), Field(json_schema_extra={"const": True})]
    consent_text_version: Annotated[str, Field(max_length=40), Words]
    source: Short = None
    left_blank: Annotated[str | None, Field(max_length=LONGEST_MESSAGE)] = None
    """Honeypot: the form hides this field from people, so only bots fill it in. Browsers do not autofill its
    name."""
    website: Annotated[
        str | None, Field(max_length=LONGEST_MESSAGE, json_schema_extra={"deprecated": True})
    ] = None
    """Honeypot of older forms; ignored because browsers autofill it."""

    @property
    def is_spam(self) -> bool:
        return bool(self.left_blank and self.left_blank.strip())


class InquiryReceipt(TypedDict):
    """A receipt of the request, not of the lead: the same for known phones, new phones and spam."""

    id: UUID
    status: Literal[InquiryStatus.NEW]
    created_at: datetime


class InquirySort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    FIRST_CONTACT_WAIT = "first_contact_wait"
    """Leads that wait for a first contact, longest wait first; then the others by how long they had
    waited."""


def _moment(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("out_of_range", "must lie between the years 2000 and 2199")
    return value.astimezone(UTC)


def _after_since(until: datetime | None, info: ValidationInfo) -> datetime | None:
    since = info.data.get("since")
    if until is not None and since is not None and until <= since:
        raise PydanticCustomError("reversed_range", "must be later than since")
    return until


def _read(value: Any) -> Any:
    """Parse a time from text, because strict mode refuses text after a custom validator."""
    try:
        return TIME.validate_python(value) if isinstance(value, str) else value
    except ValidationError:
        return value  # the field's own validation reports the error


TIME = TypeAdapter(datetime)
Moment = Annotated[AwareDatetime, BeforeValidator(_read), WrittenOut, AfterValidator(_moment)]


def _whose(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        raise PydanticCustomError("colleague", "must be the id of an account, me or inactive") from None


Colleague = Annotated[UUID | Literal["me", "inactive"], WrapValidator(_whose)]


class InquiryFilters(Shape):
    """Filters for leads; without any, all leads that are not spam."""

    status: Choices[InquiryStatus] = ()
    property_id: UUID | None = None
    assigned_to: Colleague | None = None
    """An account id, `me`, or `inactive` for the leads of all inactive accounts."""
    unassigned: bool = False
    inquiry_type: Choices[InquiryType] = ()
    spam: bool = False
    """True lists only spam, which is otherwise left out."""
    since: Moment | None = None
    until: Annotated[Moment | None, AfterValidator(_after_since)] = None
    """Exclusive."""
    q: Short = None
    """Beginnings of words of the name or email address, or digits of the phone number."""
    sort: InquirySort = InquirySort.NEWEST

    @model_validator(mode="after")
    def _assigned_or_not(self) -> "InquiryFilters":
        if self.unassigned and self.assigned_to is not None:
            raise PydanticCustomError("given_twice", "give assigned_to or unassigned, not both")
        return self

    def asked_by(self, user_id: UUID) -> Self:
        """Return the filters with `me` replaced by the caller's account."""
        return self.model_copy(update={"assigned_to": user_id}) if self.assigned_to == "me" else self

    def given(self) -> dict[str, Any]:
        """Return the filters that were set, for the audit log; the search text is personal and masked."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"q"}) | (
            {"q": "***"} if self.q else {}
        )


class InquiryListRequest(InquiryFilters, Paging):
    """A page of the leads that match the filters."""


def _reason_when_lost(reason: str | None, info: ValidationInfo) -> str | None:
    status = info.data.get("status")
    if status is not None and (status is InquiryStatus.LOST) != (reason is not None):
        raise PydanticCustomError("lost_reason", "is needed for lost, and only there")
    return reason


class StatusChange(Shape):
    model_config = exemplified(status="contacted")

    status: InquiryStatus
    lost_reason: Annotated[
        Annotated[str, Field(max_length=300), Words] | None,
        AfterValidator(_reason_when_lost),
        Field(validate_default=True),
    ] = None


class Assignment(Shape):
    assigned_to: UUID | None


class SpamMark(Shape):
    is_spam: bool


class Note(Shape):
    text: Annotated[str, Field(max_length=LONGEST_MESSAGE), Words]


class ErasureReason(StrEnum):
    """A closed list, because the reason stays in the audit log, which must not contain personal data."""

    REQUEST = "request"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_SERVED = "purpose_served"
    RETENTION = "retention"


class Erasure(Shape):
    reason: ErasureReason


class Person(TypedDict):
    """An account, as its colleagues see it."""

    id: UUID
    full_name: str


class Colleagues(TypedDict):
    items: list[Person]
    """Sorted by name."""


class InquiredProperty(TypedDict):
    id: UUID
    title: str
    locality: str
    state: str
    price: int
    listing_type: str


class InquiryRow(TypedDict):
    """A lead in a list; its phone number and email address are masked."""

    id: UUID
    property_id: UUID
    property_title: str
    full_name: str | None
    phone: str | None
    email: str | None
    inquiry_type: InquiryType
    status: InquiryStatus
    is_spam: bool
    assigned_to: Person | None
    source: str | None
    created_at: datetime
    first_contacted_at: datetime | None
    first_contact_s: int | None
    erased_at: datetime | None


class InquiryList(Items[InquiryRow]):
    total_is_exact: bool
    """False if a search by `q` finds more leads than are counted; `total` is then a lower bound."""


class InquiryEventView(TypedDict):
    id: int
    event_type: str
    event_data: dict[str, Any]
    """For an assignment, also contains `from_name` and `to_name`."""
    actor: Person | None
    """Null for the visitor."""
    created_at: datetime


class InquiryView(TypedDict):
    """A lead in full, with unmasked contact data."""

    id: UUID
    property: InquiredProperty
    full_name: str | None
    phone: str | None
    email: str | None
    message: str
    preferred_contact_time: str | None
    inquiry_type: InquiryType
    status: InquiryStatus
    allowed: list[InquiryStatus]
    """The statuses that the lead can change to."""
    lost_reason: str | None
    is_spam: bool
    assigned_to: Person | None
    source: str | None
    user_agent: str | None
    ip_address: str | None
    consent_text_version: str
    consented_at: datetime
    created_at: datetime
    updated_at: datetime
    first_contacted_at: datetime | None
    first_contact_s: int | None
    erased_at: datetime | None
    events: list[InquiryEventView]
