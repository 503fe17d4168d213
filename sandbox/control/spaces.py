"""Handlers for a space and what it holds: overrides, clock, profile."""

from starlette.responses import Response

from sandbox import views
from sandbox.responses import Json, Yaml
from sandbox.runtime import Sandbox

from .requests import Sent


class Spaces:
    """The handlers, in the order of the document."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def list_spaces(self, sent: Sent) -> Response:
        return Json([views.space_summary(self._sandbox, space) for space in await self._sandbox.spaces()])

    async def show_space(self, sent: Sent) -> Response:
        return Json(views.space_summary(self._sandbox, await self._sandbox.space(sent.space)))

    async def reset_space(self, sent: Sent) -> Response:
        await self._sandbox.reset(sent.space)
        return Response(status_code=204)

    async def list_overrides(self, sent: Sent) -> Response:
        overrides = await self._sandbox.overrides(sent.space)
        if "yaml" in sent.request.headers.get("accept", ""):
            return Yaml(views.scenario_file(sent.space, overrides))
        return Json([views.override(placed) for placed in overrides])

    async def replace_overrides(self, sent: Sent) -> Response:
        placed = await self._sandbox.replace_overrides(sent.space, sent.body)
        return Json([views.override(override) for override in placed])

    async def clear_overrides(self, sent: Sent) -> Response:
        await self._sandbox.clear_overrides(sent.space)
        return Response(status_code=204)

    async def show_override(self, sent: Sent) -> Response:
        section, pattern = sent.parameters["section"], sent.parameters["pattern"]
        return Json(views.override(await self._sandbox.override(sent.space, section, pattern)))

    async def place_override(self, sent: Sent) -> Response:
        section, pattern = sent.parameters["section"], sent.parameters["pattern"]
        return Json(views.override(await self._sandbox.place_override(sent.space, section, pattern, sent.body)))

    async def remove_override(self, sent: Sent) -> Response:
        await self._sandbox.remove_override(sent.space, sent.parameters["section"], sent.parameters["pattern"])
        return Response(status_code=204)

    async def show_clock(self, sent: Sent) -> Response:
        return Json(views.clock(self._sandbox, sent.space))

    async def set_clock(self, sent: Sent) -> Response:
        wish = sent.body
        await self._sandbox.set_clock(sent.space, wish.get("now"), wish.get("advance"), wish.get("ticking"))
        return Json(views.clock(self._sandbox, sent.space))

    async def release_clock(self, sent: Sent) -> Response:
        await self._sandbox.release_clock(sent.space)
        return Json(views.clock(self._sandbox, sent.space))

    async def show_profile(self, sent: Sent) -> Response:
        return Json(views.profile(self._sandbox, sent.space))

    async def set_profile(self, sent: Sent) -> Response:
        await self._sandbox.set_profile(sent.space, sent.body.get("profile"), sent.body.get("liveTexts"))
        return Json(views.profile(self._sandbox, sent.space))

    async def release_profile(self, sent: Sent) -> Response:
        await self._sandbox.release_profile(sent.space)
        return Json(views.profile(self._sandbox, sent.space))
