"""The sandbox: the one facade for all who use it, and the only one who talks to files and state.

Rule 1: a set of files is swapped whole, and only for a good one; a broken save leaves everything as it was.
Rule 2: what calls change belongs to a space, the caller's client_id, and spaces never see each other.
Rule 3: what asks the state is async, because a shared state has to be waited for; `run_now` does without an event loop
where the state is immediate.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from difflib import get_close_matches
from importlib.metadata import version
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar

from . import __version__
from .clock import Clock
from .core.companions import SessionKey
from .core.contract import Contract
from .core.credentials import Access, Profile, read_checks
from .core.customers import Population
from .core.decide import CallKey, Decision, World, decide, explain, refuse
from .core.directives import FAULT, PREFER, SCENARIO
from .core.entries import read_entry
from .core.faults import FAULTS
from .core.messages import IDENTITY_LENGTHS, BankRequest, Identity, Place, as_text, instant, shown, without_secrets
from .core.scenarios import SECTIONS, ErrorOutcome
from .core.schema import Path as DataPath
from .files.loader import Loader, ScenarioMistakes, Scenery, entry_schema, load_contract, scenario_schema
from .files.yaml_source import Mistake
from .people import FoundCustomer, People
from .settings import Settings
from .state.interface import (
    SUBSCRIBER_BACKLOG,
    ClockSetting,
    Override,
    PlacedOverride,
    SpaceSummary,
    SpaceView,
    State,
    Subscriber,
    Tally,
)
from .state.journal import Exchange, RecordedCall, hash_key
from .state.memory import MemoryState
from .state.spaces import EARLIEST, FOR_ALL, LATEST, read_lifetime, read_moment, read_period, space_name
from .state.verification import (
    Expectation,
    Finding,
    Match,
    OrderExpectation,
    Verdict,
    findings,
    read_expectation,
    read_match,
)
from .user_errors import NotFound, UserError

# Longer than any that is registered, and short enough for a header.
LONGEST_CLIENT_ID = 1_000
# What an override may stand under: what a call can't be steered by without one.
OVERRIDE_SECTIONS = (*IDENTITY_LENGTHS, "companion")
# Of so many spaces, those used last, one is looked for that may have been meant.
_MAX_MEANT = 1_000
_MAX_WORLDS = 1_000

Result = TypeVar("Result")

log = logging.getLogger("sandbox")


class Reload(NamedTuple):
    """One reading of the files: when (UTC), and what was wrong with them."""

    at: datetime
    mistakes: tuple[Mistake, ...]


class ClockView(NamedTuple):
    """What time it is in a space, whether that goes on, and who says so: space, all or machine."""

    now: datetime
    is_ticking: bool
    set_by: str


class ProfileView(NamedTuple):
    """How strict the bank's side is in a space, and who says so: space, all or settings."""

    profile: Profile
    set_by: str


class _SpaceWorld(NamedTuple):
    """The world of a space, and what it was made of."""

    view: SpaceView
    for_all: SpaceView
    scenery: Scenery
    world: World


class Sandbox:
    """The bank's side of the API, and everything that a user may ask about it."""

    def __init__(
        self,
        settings: Settings = Settings(),  # noqa: B008
        clock: Clock | None = None,
    ) -> None:
        """Load contract and scenarios. Raises ScenarioMistakes."""
        self.settings = settings
        self.clock = clock or Clock()
        self.contract: Contract = load_contract()
        self._profile = settings.bank_profile
        self.loader = Loader(self.contract, settings.scenarios)
        self.companions = self.loader.companions
        self._scenery: Scenery = self.loader.load()
        self._last_reload = Reload(self.clock.now(), ())
        self._state: State = MemoryState(
            settings.journal_size, settings.most_spaces, settings.space_idle_time, self.clock
        )
        self._hash_key = hash_key(self._scenery.population.seed)
        self._worlds: dict[str, _SpaceWorld] = {}
        self._reloading = threading.Lock()

    @property
    def is_immediate(self) -> bool:
        """Whether nothing that is asked here ever has to wait, so that `run_now` may ask it."""
        return self._state.is_immediate

    @property
    def population(self) -> Population:
        """Who lives in the world, as the files in use say."""
        return self._scenery.population

    @property
    def named_scenarios(self) -> list[str]:
        """The names of scenarios that a header can ask for."""
        return [scenario.pattern for scenario in self._scenery.book.named.values()]

    @property
    def scenarios_root(self) -> FilePath:
        """Where the scenario files are."""
        return self.loader.root

    async def answer(self, request: BankRequest, method: str = "POST", path: str = "") -> tuple[Decision, RecordedCall]:
        """Answer a call as the bank would, count it, and write it into the caller's journal."""
        real, space = self.clock.now(), space_name(as_text(request.headers.get("client_id", "")))
        decision = await self._decided(space, real, lambda world: decide(request, world))
        return decision, await self._record(space, real, method, path or self.contract.path, request, decision)

    async def answer_companion(
        self, name: str, request: BankRequest, method: str, path: str
    ) -> tuple[Decision, RecordedCall]:
        """Answer one of the calls around the API's: login or key exchange."""
        real, space = self.clock.now(), space_name(self.companions.caller(name, request, self._scenery.clients))
        decision = await self._decided(space, real, lambda world: self.companions.decide(name, request, world))
        return decision, await self._record(space, real, method, path, request, decision)

    async def refuse(
        self,
        request: BankRequest,
        status: int,
        error: str,
        location: str | None,
        reason: str,
        method: str = "",
        path: str = "",
        operation: str | None = None,
    ) -> tuple[Decision, RecordedCall]:
        """Answer a call that is not one of the API's, in the shape of the bank's errors.

        `operation` is the one that it tried to be, which tells who calls.
        """
        real, space = self.clock.now(), space_name(self.companions.caller(operation, request, self._scenery.clients))
        decision = refuse(request, self._world(space, real), status, error, location, reason)
        return decision, await self._record(space, real, method, path, request, decision)

    async def explain(self, space: str, request: BankRequest) -> list[Decision]:
        """Say which rule would answer in that space, and which it beats, without counting or writing anything."""
        return await self._with_numbers(
            self._world(space, self.clock.now()),
            lambda world: explain(request, world),
            lambda decisions: (key for decision in decisions for key in decision.counted),
            lambda key: self._state.peek(space, key),
        )

    async def spaces(self) -> list[SpaceSummary]:
        """Return the space for all, and then those that were used, the most recently used last."""
        return await self._state.spaces()

    async def space(self, name: str) -> SpaceSummary:
        """Return how a space is. Raises NotFound."""
        if found := await self._state.summary(name):
            return found
        meant = await self.meant_space(name)
        raise NotFound(f"there is no space {name[:80]!r}{meant}; one appears with the first call of its client_id")

    async def meant_space(self, name: str) -> str:
        """Say which space was probably meant, where one never appeared and another has a name close to it."""
        if await self._state.summary(name):
            return ""
        names = [space.name for space in islice(reversed(await self._state.spaces()), _MAX_MEANT)]
        close = await asyncio.to_thread(get_close_matches, name, names, 1)
        return f"; there is no space {shown(name)}, did you mean {without_secrets(close[0])}?" if close else ""

    async def place_override(self, space: str, section: str, pattern: str, entry: object) -> PlacedOverride:
        """Place a scenario in a space, from an entry as in a file. Raises UserError with all mistakes."""
        schema = entry_schema(section, pattern)
        mistakes = [*schema.mistakes(entry)] if not schema.is_valid(entry) else []
        mistakes += (((), problem) for problem in _key_problems(section, pattern))
        if mistakes or not isinstance(entry, dict):
            raise _user_error_of_entry(mistakes)
        lifetime = None
        try:
            lifetime = read_lifetime(entry["expires"]) if "expires" in entry else None
        except ValueError as mistake:
            mistakes.append((("expires",), str(mistake)))
        place = Place(f"overrides of {space}", 0)
        scenario, found = read_entry(entry, section, pattern, place, self.contract, self.companions.oauth_errors)
        mistakes += found
        if mistakes:
            raise _user_error_of_entry(mistakes)
        expires_at = self.clock.now() + lifetime if lifetime else None
        placed = await self._state.place(space, Override(scenario, entry, expires_at))
        return PlacedOverride.of(placed, 0)

    async def overrides(self, space: str) -> list[PlacedOverride]:
        """Return the overrides of a space that have not expired, in the order in which they were placed."""
        return await self._state.overrides(space)

    async def override(self, space: str, section: str, pattern: str) -> PlacedOverride:
        """Return an override that has not expired. Raises NotFound."""
        if found := await self._state.find_override(space, section, pattern):
            return found
        raise NotFound(f"there is no override for {section[:40]} {without_secrets(pattern[:40])} in {space}")

    async def remove_override(self, space: str, section: str, pattern: str) -> None:
        """Take an override away. Raises NotFound."""
        if not await self._state.remove(space, section, pattern):
            raise NotFound(f"there is no override for {section[:40]} {without_secrets(pattern[:40])} in {space}")

    async def clear_overrides(self, space: str) -> None:
        """Take all overrides of a space away."""
        await self._state.clear_overrides(space)

    def now(self, space: str) -> datetime:
        """Return what time it is in a space."""
        return self.clock_in(space).now

    def clock_in(self, space: str) -> ClockView:
        """Return what a space's clock says, and who has set it."""
        real, own, for_all = self.clock.now(), self._state.view(space).clock, self._state.view(FOR_ALL).clock
        setting = own or for_all
        set_by = _set_by(space, own, for_all, "machine")
        return ClockView(setting.now(real), setting.is_ticking, set_by) if setting else ClockView(real, True, set_by)

    async def set_clock(self, space: str, now: str | None, advance: str | None, is_ticking: bool | None) -> None:
        """Set a space's clock to a moment, or move it. Raises UserError.

        A moment freezes the clock there, unless `is_ticking`; moving leaves it frozen or ticking as it was.
        """

        def setting(view: SpaceView) -> ClockSetting:
            before, real = self.clock_in(space), self.clock.now()
            try:
                if (now is None) == (advance is None):
                    raise ValueError("expected either now or advance")
                if now is not None:
                    moment, ticks = read_moment(now), bool(is_ticking)
                else:
                    moment = before.now + read_period(advance or "")
                    ticks = before.is_ticking if is_ticking is None else is_ticking
            except (ValueError, OverflowError) as mistake:
                raise UserError(f"{'now' if advance is None else 'advance'}: {mistake}") from None
            if not EARLIEST <= moment < LATEST:
                raise UserError(f"advance: that leads to {moment.year}, expected a year from 1900 to 2999")
            return ClockSetting(real, moment, ticks)

        while not await self._state.set_clock(view := self._state.view(space), setting(view)):
            pass

    async def release_clock(self, space: str) -> None:
        """Let a space's clock be as it was before it was set."""
        while (view := self._state.view(space)).clock and not await self._state.set_clock(view, None):
            pass

    def profile_in(self, space: str) -> ProfileView:
        """Return how strict the bank's side is in a space, and who says so."""
        own, for_all = self._state.view(space).profile, self._state.view(FOR_ALL).profile
        return ProfileView(own or for_all or self._profile, _set_by(space, own, for_all, "settings"))

    async def set_profile(self, space: str, checks: str | None, live_texts: bool | None) -> None:
        """Set the checks or the wording of a space; what is None stays as it is now. Raises UserError."""
        try:
            checked = None if checks is None else read_checks(checks)
        except ValueError as mistake:
            raise UserError(f"profile: {mistake}") from None
        while True:
            view, before = self._state.view(space), self.profile_in(space).profile
            worded_live = before.live_texts if live_texts is None else live_texts
            profile = Profile(before.checks if checked is None else checked, worded_live)
            if await self._state.set_profile(view, profile):
                return

    async def release_profile(self, space: str) -> None:
        """Let a space's profile be as it was before it was set."""
        while (view := self._state.view(space)).profile and not await self._state.set_profile(view, None):
            pass

    def issue_token(
        self, client_id: str, scope: str | None = None, lifetime: timedelta | None = None
    ) -> dict[str, Any]:
        """Issue a token by the clock of the client's space, as the token call does. Raises UserError.

        A `lifetime` of zero makes one that has expired already.
        """
        _check_client_id(client_id)
        try:
            scope = self.companions.scope(scope or "")
        except ValueError as mistake:
            raise UserError(f"scope: {mistake}") from None
        lifetime = self.companions.lifetime if lifetime is None else lifetime
        return self.companions.token_body(
            client_id, scope, lifetime, self._world(space_name(client_id), self.clock.now())
        )

    def valid_headers(self, client_id: str | None = None) -> dict[str, str]:
        """Return headers with which a call is let in: the contract's examples, and a token where those are checked."""
        headers: dict[str, str] = dict(self.contract.example_headers)
        headers["client_id"] = client_id or headers["client_id"]
        profile, clients = self.profile_in(space_name(headers["client_id"])).profile, self._scenery.clients
        if "clients" in profile.checks and headers["client_id"] not in clients and clients:
            headers["client_id"] = next(iter(clients))
        if "tokens" in profile.checks:
            headers["Authorization"] = f"Bearer {self.issue_token(headers['client_id'])['access_token']}"
        return headers

    def curl(self, base_url: str, options: Sequence[str] = ()) -> str:
        """Return a call that is let in as a command to paste into a shell; `options` are more of curl's."""
        return self.contract.curl(base_url, self.valid_headers(), options)

    async def begin_session(self, client_id: str) -> str:
        """Begin a session of a client without a call; return its sid. Raises UserError."""
        _check_client_id(client_id)
        space = space_name(client_id)
        sid, _ = await self._with_numbers(
            self._world(space, self.clock.now()),
            lambda world: self.companions.begin_session(client_id, "", world),
            lambda begun: begun[1:],
            lambda key: self._state.take(space, key),
        )
        return sid

    def session_key(self, sid: str) -> SessionKey:
        """Return the key of a session. Raises NotFound where it is not known."""
        if not self._scenery.signer.knows_session(sid):
            raise NotFound("this is no session that was begun with this seed")
        return self.companions.session_key(sid)

    async def exchanges(self, space: str, after: int = 0) -> Iterator[Exchange]:
        """Go through the exchanges of a space that are newer than an id, newest first; `*` means those of all spaces.

        They are those that there are now; going through many takes a while, and may be done in a thread.
        """
        return (entry.exchange() for entry in (await self._state.journal(space, after)).entries)

    async def matching(self, space: str, match: Match, after: int = 0) -> list[Exchange]:
        """Return those exchanges that match, newest first."""
        newest_first = await self.exchanges(space, after)
        return await asyncio.to_thread(lambda: [*filter(match.fits, newest_first)])

    async def exchange(self, space: str, number: int) -> Exchange:
        """Return one exchange. Raises NotFound."""
        for entry in (await self._state.journal(space, number - 1)).entries:
            if entry.id == number:
                return entry.exchange()
        meant = await self.meant_space(space)
        raise NotFound(f"there is no exchange {number} in the journal; it keeps the last ones only{meant}")

    async def clear_exchanges(self, space: str) -> None:
        """Forget the exchanges of a space; `*` means those of all spaces."""
        await self._state.clear_journal(space)

    def subscribe(self, space: str, backlog: int = SUBSCRIBER_BACKLOG) -> AbstractAsyncContextManager[Subscriber]:
        """Tell a subscriber of all calls to come in a space. Raises UserError where there are too many."""
        return self._state.subscribe(space, backlog)

    def match(self, wanted: object) -> Match:
        """Read what exchanges one is looking for. Raises UserError."""
        return self._read(read_match, wanted)

    def expectation(self, wish: Mapping[str, Any]) -> Expectation | OrderExpectation:
        """Read what is expected of the calls of a space. Raises UserError."""
        return self._read(read_expectation, wish)

    async def verify(self, space: str, expectation: Expectation | OrderExpectation) -> Verdict:
        """Tell whether a space was called as expected."""
        newest_first, forgotten = await self._state.journal(space)

        def judge() -> Verdict:
            return expectation.verdict([entry.exchange() for entry in newest_first][::-1], forgotten)

        return await asyncio.to_thread(judge)

    async def tally(self, space: str) -> Tally:
        """Return the sums over the calls of a space; `*` means those of all spaces."""
        return await self._state.tally(space)

    async def findings(self, space: str) -> list[Finding]:
        """Say what a caller could do better, as far as the exchanges show it."""
        newest_first = await self.exchanges(space)
        return await asyncio.to_thread(lambda: [*findings(newest_first, self.contract)])

    async def reset(self, space: str | None = None) -> None:
        """Make a space as it was when it appeared; all of them where none is named."""
        await self._state.reset(space)

    def reload(self) -> Reload:
        """Read the files again. A set with mistakes is reported and not used."""
        with self._reloading:
            try:
                scenery = self.loader.load()
            except ScenarioMistakes as error:
                self._last_reload = Reload(self.clock.now(), tuple(error.mistakes))
                log.error(  # noqa: TRY400 - the mistakes say all
                    "%s; the last good set stays:\n%s", error, "\n".join(map(str, error.mistakes))
                )
            else:
                is_new, self._scenery = scenery is not self._scenery, scenery
                self._hash_key = hash_key(scenery.population.seed)
                self._last_reload = Reload(self.clock.now(), ())
                if is_new:
                    log.info("read %d files with %d scenarios", len(scenery.files), scenery.counts.total())
                self.loader.let_go()
            return self._last_reload

    def warm_up(self) -> None:
        """Do what the first synthetic customer would have to wait for."""
        population = self._scenery.population
        population.customer(population.home, Identity("customerId", "000000000000"))

    def health(self) -> dict[str, Any]:
        """Return how the sandbox is: versions, scenario counts, the last reload and its mistakes."""
        scenery, reload = self._scenery, self._last_reload
        return {
            "status": "degraded" if reload.mistakes else "ok",
            "version": __version__,
            "contract": {"title": self.contract.document["info"]["title"], "version": self.contract.version},
            "dataVersion": f"faker-{version('faker')}",
            "profile": self._profile.name,
            "liveTexts": self._profile.live_texts,
            "seed": scenery.population.seed,
            "evictedSpaces": self._state.evicted_spaces,
            "scenarios": {
                "files": list(scenery.files),
                "entries": scenery.counts.total(),
                **{section: scenery.counts[section] for section in SECTIONS},
            },
            "lastReload": {
                "at": instant(reload.at),
                "ok": not reload.mistakes,
                "mistakes": [
                    {"file": mistake.place.file, "line": mistake.place.line, "message": mistake.message}
                    for mistake in reload.mistakes
                ],
            },
        }

    def catalogue(self) -> list[dict[str, Any]]:
        """Return every error that can be had, with all the ways to have it."""
        magic = self._magic_values()
        return [
            {
                "status": error.status,
                **(
                    {"type": error.value["type"], "code": error.name}
                    if not error.is_gateway
                    else {"gateway": error.name}
                ),
                **({"texts": dict(error.texts)} if not error.is_gateway else {"body": error.value}),
                "customerId": magic.get((error.name, "customerId")),
                "cardNumber": magic.get((error.name, "cardNumber")),
                "headers": [
                    f"{SCENARIO}: {error.name}",
                    f"{SCENARIO}: {error.status}",
                    f"{PREFER}: code={error.status}",
                ],
                "yaml": f"error: {error.name}",
            }
            for error in self.contract.errors_by_name.values()
        ]

    def faults(self) -> list[dict[str, Any]]:
        """Return every network fault that can be had, with all the ways to have it."""
        magic = self._magic_values()
        return [
            {
                "fault": name,
                "text": text,
                "customerId": magic.get((name, "customerId")),
                "cardNumber": magic.get((name, "cardNumber")),
                "headers": [f"{FAULT}: {name}"],
                "yaml": f"fault: {name}",
            }
            for name, text in FAULTS.items()
        ]

    def people(self, space: str = FOR_ALL) -> People:
        """Return everybody there is, on the day that it is in a space."""
        return People(self._scenery, self.now(space))

    async def hand_out(
        self, space: str, country: str | None = None, birthday: str | None = None, segment: str | None = None
    ) -> FoundCustomer:
        """Return such a customer whom nobody was given before. Raises UserError where there is none."""
        people = self.people(space)
        while True:
            start = await self._state.next_identity()
            position, found = await asyncio.to_thread(people.fresh, start, country, birthday, segment)
            if await self._state.hand_out(position):
                return found

    def _world(self, space: str, real: datetime) -> World:
        """Return the world as it is in a space, which need not appear; made anew where anything has changed."""
        view, for_all, scenery = self._state.view(space), self._state.view(FOR_ALL), self._scenery
        known = self._worlds.get(space)
        if known is None or known.view is not view or known.for_all is not for_all or known.scenery is not scenery:
            if len(self._worlds) >= _MAX_WORLDS:
                self._worlds.clear()
            overrides = tuple(each.overrides for each in (view, for_all) if each.overrides is not None)
            access = Access(view.profile or for_all.profile or self._profile, scenery.clients, scenery.signer)
            world = World(
                self.contract, scenery.population, scenery.book, real, {}, overrides, self.settings.real_cards, access
            )
            known = self._worlds[space] = _SpaceWorld(view, for_all, scenery, world)
        setting = view.clock or for_all.clock
        return known.world._replace(now=setting.now(real) if setting else real)

    async def _decided(self, space: str, real: datetime, ask: Callable[[World], Decision]) -> Decision:
        return await self._with_numbers(
            self._world(space, real), ask, lambda decision: decision.counted, lambda key: self._state.take(space, key)
        )

    async def _with_numbers(
        self,
        world: World,
        ask: Callable[[World], Result],
        counted: Callable[[Result], Iterable[CallKey]],
        number: Callable[[CallKey], Awaitable[int]],
    ) -> Result:
        """Ask, and ask again with the numbers that the answer is counted by, until it needs no other."""
        result = ask(world)
        numbers: dict[CallKey, int] = {}
        while missing := [key for key in counted(result) if key not in numbers]:
            for key in missing:
                numbers[key] = await number(key)
            result = ask(world._replace(calls=numbers))
        return result

    async def _record(
        self, space: str, real: datetime, method: str, path: str, request: BankRequest, decision: Decision
    ) -> RecordedCall:
        call = RecordedCall(real, space, method, path, request, decision, self._hash_key)
        await self._state.record(space, call)
        if call.is_long:
            call.exchange()
        return call

    def _read(self, read: Callable[..., Result], wish: object) -> Result:
        try:
            return read(wish, self.contract, self.companions)
        except ValueError as mistake:
            raise UserError(str(mistake)) from None

    def _magic_values(self) -> dict[tuple[str, str], str]:
        magic: dict[tuple[str, str], str] = {}
        for scenario in self._scenery.magic:
            outcome, fault = scenario.steps[0].outcome, scenario.steps[0].fault
            name = fault.name if fault else outcome.error.name if isinstance(outcome, ErrorOutcome) else None
            if name and scenario.identity:
                magic[name, scenario.section] = scenario.pattern
        return magic


def _set_by(space: str, own: object, for_all: object, default: str) -> str:
    """Say whose word counts in a space: its own, that of the space for all, or the default."""
    return "space" if own and space != FOR_ALL else "all" if for_all else default


def _check_client_id(client_id: str) -> None:
    if not 0 < len(client_id) <= LONGEST_CLIENT_ID or not client_id.isprintable():
        raise UserError(f"client_id: expected 1 to {LONGEST_CLIENT_ID} printable characters")


def _key_problems(section: str, pattern: str) -> Iterator[str]:
    """Say what is wrong with where an override stands, in the words of a file's mistakes."""
    file = {section: {pattern: {"fault": "emptyResponse"}}}
    if section not in OVERRIDE_SECTIONS:
        yield f"found {section[:40]!r}, expected {', '.join(OVERRIDE_SECTIONS[:-1])} or {OVERRIDE_SECTIONS[-1]}"
    elif not scenario_schema().is_valid(file):
        yield from (message for _, message in scenario_schema().mistakes(file))


def _user_error_of_entry(mistakes: list[tuple[DataPath, str]]) -> UserError:
    named = [(".".join(map(str, path)), without_secrets(message)) for path, message in mistakes]
    return UserError("; ".join(f"{path}: {message}" if path else message for path, message in named), named)
