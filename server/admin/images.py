"""Pictures of properties, for admins."""

from functools import partial

from sanic import Blueprint, HTTPResponse

from domain.pictures import MOST_BYTES
from schemas.api.admin.images import ImageFields, ImageForm, ImageOrder
from schemas.api.admin.properties import AdminPicture
from schemas.api.lists import Items
from schemas.errors import Conflict, MediaUnavailable, NotFound, Overloaded
from server.auth import actor, authenticate
from server.context import CasaRequest, transaction
from server.http.described import CREATED, Patch, Upload, describes
from server.http.messages import apply_patch, read_body, read_patch, reply
from server.http.uploads import drain_body, read_form
from server.pictures import with_picture_urls
from services.images.album import change_image, list_images, reorder
from services.images.upload import PictureStores, delete_image, upload_image

album = Blueprint("admin_album", url_prefix="/api/v1/admin/properties/<property_id:str>/images")
album.on_request(authenticate)
album.on_response(drain_body)  # type: ignore[no-untyped-call]  # Sanic's
blueprint = Blueprint("admin_images", url_prefix="/api/v1/admin/images")
blueprint.on_request(authenticate)

PICTURES = ("image/jpeg", "image/png", "image/webp")


def picture_stores(request: CasaRequest) -> PictureStores:
    context = request.app.ctx
    return PictureStores(partial(transaction, context), context.pictures, context.media)


@album.post("/", stream=True)
@describes(
    AdminPicture,
    CREATED,
    status=201,
    body=Upload(PICTURES, ImageForm),
    raises=(NotFound, Conflict, Overloaded, MediaUnavailable),
)
async def upload(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Upload a picture as the property's last one.

    Searches and pages show it at once.
    """
    async with request.app.ctx.uploads.turn():
        form = await read_form(request, ImageForm, most_bytes=MOST_BYTES)
        image = await upload_image(
            picture_stores(request), actor(request), property_id, form.file.content, form.fields.image_type
        )
    return reply(
        with_picture_urls(image, request.app.ctx.settings),
        201,
        {"location": f"{blueprint.url_prefix}/{image['id']}"},
    )


@album.get("/")
@describes(Items[AdminPicture], raises=(NotFound,))
async def index(request: CasaRequest, property_id: str) -> HTTPResponse:
    """List the pictures of a property in their order."""
    async with transaction(request.app.ctx) as session:
        found = await list_images(session, property_id)
    return reply(with_picture_urls(found, request.app.ctx.settings))


@album.put("/order")
@describes(Items[AdminPicture], body=ImageOrder, raises=(NotFound, Conflict))
async def put_in_order(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Reorder all pictures of a property."""
    wanted = read_body(request, ImageOrder)
    async with transaction(request.app.ctx) as session:
        found = await reorder(session, actor(request), property_id, wanted.ids)
    return reply(with_picture_urls(found, request.app.ctx.settings))


@blueprint.patch("/<image_id:str>")
@describes(AdminPicture, body=Patch(ImageFields, example={"is_primary": True}), raises=(NotFound,))
async def patch(request: CasaRequest, image_id: str) -> HTTPResponse:
    """Change the fields of a picture.

    Only the fields given change.
    """
    given = read_patch(request)
    async with transaction(request.app.ctx) as session:
        image = await change_image(
            session, actor(request), image_id, partial(apply_patch, ImageFields, given)
        )
    return reply(with_picture_urls(image, request.app.ctx.settings))


@blueprint.delete("/<image_id:str>")
@describes(status=204, raises=(NotFound,))
async def remove(request: CasaRequest, image_id: str) -> HTTPResponse:
    """Delete a picture and all files derived from it."""
    await delete_image(picture_stores(request), actor(request), image_id)
    return HTTPResponse(status=204)
