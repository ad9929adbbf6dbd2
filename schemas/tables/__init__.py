"""All tables, one module per noun. Importing this package fills `Base.metadata`."""

from schemas.tables.analytics import AnalyticsDay, AnalyticsEvent, ViewBatch
from schemas.tables.audit import AuditRow
from schemas.tables.base import Base
from schemas.tables.changes import PropertyChange
from schemas.tables.images import PropertyImage
from schemas.tables.inquiries import Inquiry, InquiryCount, InquiryEvent, InquiryEventType
from schemas.tables.jobs import ImportJob, JobRun
from schemas.tables.market import MarketQuality, MarketSegment, PropertyMarket
from schemas.tables.price_history import PriceChange
from schemas.tables.properties import Property
from schemas.tables.requests import IdempotencyKey, WebhookDelivery
from schemas.tables.sectors import Sector
from schemas.tables.sync import REVISIONS, DeadLetter, IndexGeneration, OutboxRow
from schemas.tables.users import RevokedToken, User

__all__ = [
    "REVISIONS",
    "AnalyticsDay",
    "AnalyticsEvent",
    "AuditRow",
    "Base",
    "DeadLetter",
    "IdempotencyKey",
    "ImportJob",
    "IndexGeneration",
    "Inquiry",
    "InquiryCount",
    "InquiryEvent",
    "InquiryEventType",
    "JobRun",
    "MarketQuality",
    "MarketSegment",
    "OutboxRow",
    "PriceChange",
    "Property",
    "PropertyChange",
    "PropertyImage",
    "PropertyMarket",
    "RevokedToken",
    "Sector",
    "User",
    "ViewBatch",
    "WebhookDelivery",
]
