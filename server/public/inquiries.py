"""The inquiry form of a property's page."""

from sanic import Blueprint, HTTPResponse

from domain.security.addresses import address_key
from schemas.api.inquiries import InquiryReceipt, NewInquiry
from schemas.errors import NotFound
from server.addresses import client_address
from server.context import CasaRequest, transaction
from server.http.described import IDEMPOTENT, describes
from server.http.messages import read_body
from server.idempotency import read_idempotent_request, reply_stored, to_stored_answer
from services.idempotency import StoredAnswer, run_idempotently
from services.leads.inquiries import LONGEST_USER_AGENT, Sender, receive

blueprint = Blueprint("inquiries", url_prefix="/api/v1/inquiries")


@blueprint.post("/")
@describes(InquiryReceipt, IDEMPOTENT, status=201, body=NewInquiry, raises=(NotFound,))
async def send(request: CasaRequest) -> HTTPResponse:
    """Send an inquiry."""
    wanted = read_body(request, NewInquiry)
    sender = read_sender(request)
    keyed = read_idempotent_request(request, wanted, sender.address_key)
    context = request.app.ctx
    outcome = None

    async def answer() -> StoredAnswer:
        nonlocal outcome
        received = await receive(session, wanted, sender)
        outcome = "new" if received.is_new else "existing"
        return to_stored_answer(received.receipt, 201, received.lead_id)

    # The rate limit is checked for one request of an address at a time. A request must not hold a database
    # connection while it waits for its turn.
    turn = context.address_turns.turn(sender.address_key, keyed.key if keyed else None)
    async with turn, transaction(context) as session:
        kept = await run_idempotently(session, keyed, answer)
    if outcome:
        context.metrics.inquiries[(outcome,)].inc()
    return reply_stored(kept)


def read_sender(request: CasaRequest) -> Sender:
    address = client_address(request)
    return Sender(str(address), str(address_key(address)), _user_agent(request))


def _user_agent(request: CasaRequest) -> str | None:
    """Return the printable part of the User-Agent, because a header may contain bytes that are not text."""
    given = request.headers.get("user-agent", "")
    return "".join(filter(str.isprintable, given))[:LONGEST_USER_AGENT] or None
