"""Time and spaces: the page that shows whose clock says what, and steers it through the control API."""

import asyncio
from itertools import islice
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from sandbox import views
from sandbox.core.credentials import CHECKS
from sandbox.responses import Yaml
from sandbox.runtime import Sandbox
from sandbox.state.interface import PlacedOverride, SpaceSummary
from sandbox.user_errors import UserError

from .almanac import chosen_day, month_of, next_leap_day, opening
from .rendering import Renderer, space_of

_MAX_SHOWN = 100
_MAX_CELEBRATING = 6
# Two or three of so many celebrate on a day: a sample that costs a few milliseconds.
_SAMPLE = 1_000


class Travel:
    """The one page of it."""

    def __init__(self, sandbox: Sandbox, renderer: Renderer) -> None:
        self._sandbox = sandbox
        self._renderer = renderer

    async def page(self, request: Request) -> Response:
        space, population = space_of(request), self._sandbox.population
        clock = views.clock(self._sandbox, space)
        today = self._sandbox.now(space).astimezone(population.home.zone).date()
        day, mistake = today, None
        try:
            if wanted := request.query_params.get("day"):
                day = chosen_day(wanted, population.home.zone)
        except UserError as error:
            mistake = str(error)
        people, leap_day = self._sandbox.people(space), next_leap_day(today)
        celebration = await asyncio.to_thread(people.celebrating, day, _MAX_CELEBRATING, _SAMPLE)
        month = month_of(day)
        overrides = await self._sandbox.overrides(space)
        spaces = await self._sandbox.spaces()
        calls, used_at = sum(each.exchanges for each in spaces), max(each.used_at for each in spaces)
        return await self._renderer.page(
            request,
            "time.html",
            status=400 if mistake else 200,
            mistake=mistake,
            # The control API can't address a space with a slash in it.
            is_steerable="/" not in space,
            api=_address(space),
            clock=clock,
            profile=views.profile(self._sandbox, space),
            checks=CHECKS,
            country=population.home.code,
            today=today,
            day=day,
            month=month,
            counts={each: people.cast_celebrating(each) for week in month.weeks for each in week},
            celebration={
                name: [views.customer(found) for found in each] for name, each in celebration._asdict().items()
            },
            count=people.cast_celebrating(day),
            always=people.cast_celebrating_always(),
            share=population.everyday_birthdays,
            makes_up=population.synthesizes_unknown,
            looked_at=_SAMPLE,
            leap_rule=population.leap_day,
            leap_day=leap_day,
            moments={each: opening(each, population.home.zone) for each in (day, leap_day)},
            overrides=[_override(placed) for placed in overrides[:_MAX_SHOWN]],
            overrides_count=len(overrides),
            # The latest first, behind the space for all.
            rows=[
                self._row(spaces[0]._replace(exchanges=calls, used_at=used_at)),
                *map(self._row, islice(reversed(spaces[1:]), _MAX_SHOWN)),
            ],
            spaces_count=len(spaces),
        )

    def _row(self, space: SpaceSummary) -> dict[str, Any]:
        return {
            "name": space.name,
            "api": _address(space.name) if "/" not in space.name else None,
            "calls": space.exchanges,
            "overrides": space.overrides,
            "clock": space.clock,
            "now": self._sandbox.now(space.name),
            "used_at": space.used_at,
        }


def _override(placed: PlacedOverride) -> dict[str, Any]:
    override, answered, left = placed
    scenario = override.scenario
    return {
        "section": scenario.section,
        "pattern": scenario.pattern,
        "entry": bytes(Yaml(override.entry).body).decode(),
        "times": scenario.times,
        "expires_at": override.expires_at,
        "answered": answered,
        "left": left,
    }


def _address(space: str) -> str:
    return f"/spaces/{quote(space, safe='*')}"
