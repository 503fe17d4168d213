"""Handlers for what belongs to no space: health, catalogue, customers, credentials, dry runs, reading anew."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox import views
from sandbox.core.messages import bank_request, shown
from sandbox.core.schema import meant
from sandbox.files.shipped import control_document
from sandbox.responses import Json
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL
from sandbox.user_errors import UserError

from .operations import PREFIX
from .requests import Sent, named_space, read_seconds


class General:
    """The handlers, in the order of their promise."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def show_health(self, sent: Sent) -> Response:
        found = views.health(self._sandbox)
        if not self._sandbox.settings.is_loopback:
            # Whoever has the seed can sign tokens.
            del found["seed"]
        return Json(found)

    async def describe(self, sent: Sent) -> Response:
        return Json(control_document())

    async def list_errors(self, sent: Sent) -> Response:
        return Json(views.catalogue(self._sandbox))

    async def find_customers(self, sent: Sent) -> Response:
        wish = sent.parameters
        people = self._sandbox.people(sent.space)
        # A rare property takes a while to find; the calls of others don't wait for it.
        found = await asyncio.to_thread(
            people.search, wish["count"], wish.get("country"), wish.get("birthday"), wish.get("segment"), wish["after"]
        )
        next_page = urlencode({**sent.request.query_params, "after": found.after})
        link = {} if found.after is None else {"Link": f'<{PREFIX}/customers?{next_page}>; rel="next"'}
        return Json([views.customer(customer) for customer in found.customers], headers=link)

    async def make_customer(self, sent: Sent) -> Response:
        wish = sent.body
        properties = wish.get("country"), wish.get("birthday"), wish.get("segment")
        found = await self._sandbox.hand_out(named_space(wish["space"]), *properties)
        return Json(views.customer(found), 201, {"Location": f"{PREFIX}/customers/{found.customer_id}"})

    async def show_customer(self, sent: Sent) -> Response:
        people = self._sandbox.people(sent.space)
        return Json(views.customer(people.find(sent.parameters["identity"], sent.parameters.get("country"))))

    async def issue_token(self, sent: Sent) -> Response:
        wish = sent.body
        lifetime = timedelta(seconds=read_seconds("lifetime", wish["lifetime"])) if "lifetime" in wish else None
        return Json(self._sandbox.issue_token(wish["client_id"], wish.get("scope"), lifetime), 201)

    async def begin_session(self, sent: Sent) -> Response:
        sid = await self._sandbox.begin_session(sent.body["client_id"])
        session = views.session(sid, self._sandbox.session_key(sid))
        return Json(session, 201, {"Location": f"{PREFIX}/sessions/{sid}"})

    async def show_session(self, sent: Sent) -> Response:
        sid = sent.parameters["sid"]
        return Json(views.session(sid, self._sandbox.session_key(sid)))

    async def explain(self, sent: Sent) -> Response:
        wish = sent.body
        operations = self._sandbox.contract.operations
        name = wish.get("operation", self._sandbox.contract.main.id)
        if (operation := operations.get(name)) is None:
            raise UserError(f"operation: found {shown(name)}; {meant(name, operations)}")
        headers = wish.get("headers", self._sandbox.valid_headers(operation=operation))
        body = wish.get("body", "" if operation.identity_fields else self._sandbox.valid_body(operation))
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        request = bank_request(raw_headers, text.encode("utf-8", "surrogatepass"), wish.get("query", "").encode())
        client_id = operation.behaviour.client_of(request, self._sandbox.file_set.clients)
        space = named_space(wish.get("space", client_id or FOR_ALL))
        winner, *beaten = await self._sandbox.explain(space, operation, request)
        return Json({**views.decision(winner), "beats": [views.beaten(each) for each in beaten]})

    async def reload(self, sent: Sent) -> Response:
        await asyncio.to_thread(self._sandbox.reload)
        return Json(views.health(self._sandbox)["lastReload"])

    async def reset(self, sent: Sent) -> Response:
        await self._sandbox.reset()
        return Response(status_code=204)
