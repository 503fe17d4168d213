"""Handlers for a space and what it holds: overrides, clock, profile."""

from starlette.responses import Response

from sandbox import views
from sandbox.responses import Json, Yaml
from sandbox.runtime import Sandbox
from sandbox.user_errors import NotFound

from .requests import Sent


class Spaces:
    """The handlers, in the order of the document."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def list_spaces(self, sent: Sent) -> Response:
        return Json([views.space_summary(self._sandbox, space) for space in self._sandbox.all_spaces()])

    async def show_space(self, sent: Sent) -> Response:
        if (space := self._sandbox.spaces.find(sent.space)) is None:
            raise NotFound(f"there is no space {sent.space[:80]!r}; one appears with the first call of its client_id")
        return Json(views.space_summary(self._sandbox, space))

    async def reset_space(self, sent: Sent) -> Response:
        self._sandbox.reset(sent.space)
        return Response(status_code=204)

    async def list_overrides(self, sent: Sent) -> Response:
        overrides = self._sandbox.overrides(sent.space)
        if "yaml" in sent.request.headers.get("accept", ""):
            return Yaml(views.scenario_file(sent.space, overrides))
        return Json([views.override(override) for override in overrides])

    async def clear_overrides(self, sent: Sent) -> Response:
        if space := self._sandbox.spaces.find(sent.space):
            space.clear_overrides()
        return Response(status_code=204)

    async def show_override(self, sent: Sent) -> Response:
        section, pattern = sent.parameters["section"], sent.parameters["pattern"]
        for override in self._sandbox.overrides(sent.space):
            if (override.scenario.section, override.scenario.pattern) == (section, pattern):
                return Json(views.override(override))
        raise NotFound(f"there is no override for {section} {pattern[:40]!r}")

    async def place_override(self, sent: Sent) -> Response:
        section, pattern = sent.parameters["section"], sent.parameters["pattern"]
        return Json(views.override(self._sandbox.place_override(sent.space, section, pattern, sent.body)))

    async def remove_override(self, sent: Sent) -> Response:
        self._sandbox.remove_override(sent.space, sent.parameters["section"], sent.parameters["pattern"])
        return Response(status_code=204)

    async def show_clock(self, sent: Sent) -> Response:
        return Json(views.clock(self._sandbox, sent.space))

    async def set_clock(self, sent: Sent) -> Response:
        wish = sent.body
        self._sandbox.set_clock(sent.space, wish.get("now"), wish.get("advance"), wish.get("ticking"))
        return Json(views.clock(self._sandbox, sent.space))

    async def release_clock(self, sent: Sent) -> Response:
        self._sandbox.release_clock(sent.space)
        return Json(views.clock(self._sandbox, sent.space))

    async def show_profile(self, sent: Sent) -> Response:
        return Json(views.profile(self._sandbox, sent.space))

    async def set_profile(self, sent: Sent) -> Response:
        self._sandbox.set_profile(sent.space, sent.body.get("profile"), sent.body.get("liveTexts"))
        return Json(views.profile(self._sandbox, sent.space))

    async def release_profile(self, sent: Sent) -> Response:
        self._sandbox.release_profile(sent.space)
        return Json(views.profile(self._sandbox, sent.space))
