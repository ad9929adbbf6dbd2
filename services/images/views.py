"""Pictures as shown on pages and to admins."""

from domain.pictures import variant_url
from schemas.api.admin.properties import AdminPicture
from schemas.api.properties import Picture
from schemas.tables import PropertyImage


def picture(image: PropertyImage) -> Picture:
    return Picture(
        id=image.id,
        url=image.original_url,
        medium_url=variant_url(image.enhanced_url or image.original_url, "medium"),
        thumbnail_url=image.thumbnail_url,
        enhanced_url=image.enhanced_url,
        is_enhanced=image.enhanced_url is not None,
        image_type=image.image_type,
        is_primary=image.is_primary,
        enhancement_status=image.enhancement_status,
    )


def admin_picture(image: PropertyImage) -> AdminPicture:
    return AdminPicture(
        **picture(image),
        property_id=image.property_id,
        display_order=image.display_order,
        width=image.width,
        height=image.height,
    )
