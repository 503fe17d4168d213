"""The sandbox: the one facade for all who use it, and the only one who talks to files and state.

Rule 1: a set of files is swapped whole, and only for a good one; a broken save leaves everything as it was.
Rule 2: what calls change belongs to a space, the caller's client_id, and spaces never see each other.
Rule 3: what asks the state is async, because a shared state has to be waited for; `run_now` does without an event loop
where the state is immediate.
"""

import asyncio
import json
import logging
import threading
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from .answering import Answering, RawHeaders
from .clock import Clock
from .core.bank import MoreOperations
from .core.call import Call
from .core.credentials import Profile, read_checks
from .core.curl import curl_command
from .core.customers import Population
from .core.decide import Decision
from .core.documented_errors import with_gateway
from .core.entries import read_entry
from .core.masking import masked, masked_text
from .core.messages import IDENTITY_LENGTHS, BankRequest, Identity, Place, instant, one_line, shown
from .core.openapi import Document
from .core.operation import Operation
from .core.rules.key_exchange import SESSIONS, SessionKey, begun_session
from .core.schema import Path
from .core.times import EARLIEST, LATEST, read_duration, read_moment, read_period
from .files.layers import clashes
from .files.loader import FileSet, Loader, ScenarioMistakes
from .files.scenarios import entries, entry_schema, further_operations, scenario_schema
from .files.shipped import load_bank
from .files.yaml_data import Mistake
from .people import FoundCustomer, People
from .settings import Settings
from .state.interface import (
    SUBSCRIBER_BACKLOG,
    ClockSetting,
    Override,
    PlacedOverride,
    SpaceSummary,
    State,
    Subscriber,
    Tally,
)
from .state.journal import Exchange
from .state.memory import MemoryState
from .state.spaces import FOR_ALL, place_of, space_name
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
MAX_CLIENT_ID = 1_000
# What an override may stand under: what a call can't be steered by without one.
OVERRIDE_SECTIONS = (*IDENTITY_LENGTHS, "named", "companion")
# Of so many spaces, those used last, one is looked for that may have been meant.
_MAX_MEANT = 1_000

# Warnings that log and health show; `check` shows them all.
MAX_WARNINGS = 100

Result = TypeVar("Result")

log = logging.getLogger("sandbox")


class Reload(NamedTuple):
    """One reading of the files: when (UTC), what was wrong with them, what looks like a slip, what is good to know."""

    at: datetime
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]
    notes: tuple[Mistake, ...]


class ClockView(NamedTuple):
    """What time it is in a space, whether that goes on, and who says so: space, all or machine."""

    now: datetime
    is_ticking: bool
    set_by: str


class ProfileView(NamedTuple):
    """How strict the bank's side is in a space, and who says so: space, all or settings."""

    profile: Profile
    set_by: str


class Sandbox:
    """The bank's side of the API, and everything that a user may ask about it."""

    def __init__(
        self,
        settings: Settings = Settings(),  # noqa: B008
        clock: Clock | None = None,
        more: Sequence[MoreOperations] = (),
    ) -> None:
        """Load the documents and the scenarios; `more` are further operations. Raises ScenarioMistakes."""
        self.settings = settings
        self.clock = clock or Clock()
        self.bank = load_bank(settings.prefix, more)
        self.contract = self.bank.contract
        self.loader = Loader(self.contract, settings.scenarios, settings.built_in)
        self.file_set: FileSet = self.loader.load()
        self.last_reload = Reload(self.clock.now(), (), self.file_set.warnings, self.file_set.notes)
        _log_findings(self.file_set)
        self._state: State = MemoryState(
            settings.journal_size, settings.max_spaces, settings.space_idle_time, self.clock
        )
        self._answering = Answering(self.bank, settings, self.file_set, self._state, self.clock)
        self._reloading = threading.Lock()

    @property
    def is_immediate(self) -> bool:
        """Whether nothing that is asked here ever has to wait, so that `run_now` may ask it."""
        return self._state.is_immediate

    @property
    def evicted_spaces(self) -> int:
        """How many spaces with settings had to go since the start."""
        return self._state.evicted_spaces

    @cached_property
    def documents(self) -> dict[str, Document]:
        """The documents of all operations, by the name under which they are served."""
        documents = self.bank.documents
        if self.settings.gateway_in_contract:
            return documents | {"openapi": with_gateway(documents["openapi"])}
        return documents

    @property
    def population(self) -> Population:
        """Who lives in the world, as the files in use say."""
        return self.file_set.population

    @property
    def named_scenarios(self) -> list[str]:
        """The names of scenarios that a header can ask for."""
        return [scenario.pattern for scenario in self.file_set.book.named.values()]

    @property
    def scenario_roots(self) -> tuple[FilePath, ...]:
        """Where the scenario files are: the directories and files of all layers."""
        return self.loader.roots

    def answer(
        self,
        operation: Operation,
        headers: RawHeaders,
        body: bytes,
        query: bytes,
        method: str,
        path: str,
        space: str | None = None,
    ) -> Coroutine[Any, Any, Call]:
        """Answer a call as the bank would, count it, and write it into its journal; as `Answering.answer` says."""
        return self._answering.answer(operation, headers, body, query, method, path, space)

    def refuse(
        self,
        operation: Operation | None,
        headers: RawHeaders,
        status: int,
        error: str,
        location: str | None,
        reason: str,
        method: str = "",
        path: str = "",
        space: str | None = None,
    ) -> Coroutine[Any, Any, Call]:
        """Answer a call that is not one of the bank's; as `Answering.refuse` says."""
        return self._answering.refuse(operation, headers, status, error, location, reason, method, path, space)

    async def explain(self, space: str, operation: Operation, request: BankRequest) -> list[Decision]:
        """Say which rule would answer in that space, and which it beats, without counting or writing anything."""
        return await self._answering.explain(space, operation, request)

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
        return f"; there is no space {shown(name)}, did you mean {masked_text(close[0])}?" if close else ""

    async def place_override(self, space: str, section: str, pattern: str, entry: object) -> PlacedOverride:
        """Place a scenario in a space, from an entry as in a file. Raises UserError with all mistakes."""
        sound, mistakes, spoilt = entry_schema(section, pattern).examine(entry)
        mistakes += (((), problem) for problem in self._key_problems(section, pattern))
        if section not in OVERRIDE_SECTIONS or not isinstance(entry, dict):
            raise UserError.of(mistakes)
        override, found = self._override(space, section, pattern, entry, sound, spoilt)
        mistakes += found
        if mistakes:
            raise UserError.of(mistakes)
        placed = await self._state.place(space, override)
        log.info("override for %s %s placed in space %s", section, masked(pattern), _named(space))
        return PlacedOverride.of(placed, 0)

    async def replace_overrides(self, space: str, file: Mapping[str, Any]) -> list[PlacedOverride]:
        """Place all that a scenario file says instead of the overrides of a space, or nothing of it.

        Raises UserError with all mistakes.
        """
        schema = scenario_schema(further=further_operations(self.contract))
        sound, mistakes, spoilt = schema.examine(file)
        overrides = []
        for base, entry in entries(sound):
            lost = frozenset(path[2:] for path in spoilt if path[:2] == base)
            override, found = self._override(space, *base, file[base[0]][base[1]], entry, lost)
            mistakes += (((*base, *path), message) for path, message in found)
            overrides.append(override)
        mistakes += clashes(override.scenario for override in overrides)
        if mistakes:
            raise UserError.of(mistakes)
        placed = await self._state.replace_overrides(space, overrides)
        log.info("%d overrides placed in space %s, instead of all that it had", len(placed), _named(space))
        return [PlacedOverride.of(override, 0) for override in placed]

    def _override(
        self,
        space: str,
        section: str,
        pattern: str,
        entry: Mapping[str, Any],
        sound: Mapping[str, Any],
        spoilt: frozenset[Path],
    ) -> tuple[Override, list[tuple[Path, str]]]:
        """Read an override, as far as its entry is sound. Return it with the mistakes that the schema can't see."""
        lifetime, mistakes = None, []
        try:
            lifetime = timedelta(seconds=read_duration(sound["expires"])) if "expires" in sound else None
        except ValueError as mistake:
            mistakes.append((("expires",), str(mistake)))
        place = Place(place_of(space), 0)
        scenario, found = read_entry(sound, section, _key(section, pattern), place, self.contract, spoilt=spoilt)
        return Override(scenario, entry, self.clock.now() + lifetime if lifetime else None), [*mistakes, *found]

    async def overrides(self, space: str) -> list[PlacedOverride]:
        """Return the overrides of a space that have not expired, in the order in which they were placed."""
        return await self._state.overrides(space)

    async def override(self, space: str, section: str, pattern: str) -> PlacedOverride:
        """Return an override that has not expired. Raises NotFound."""
        if found := await self._state.find_override(space, section, _key(section, pattern)):
            return found
        raise NotFound(f"there is no override for {section[:40]} {masked_text(pattern[:40])} in {space}")

    async def remove_override(self, space: str, section: str, pattern: str) -> None:
        """Take an override away. Raises NotFound."""
        if not await self._state.remove(space, section, _key(section, pattern)):
            raise NotFound(f"there is no override for {section[:40]} {masked_text(pattern[:40])} in {space}")
        log.info("override for %s %s removed from space %s", section, masked(pattern), _named(space))

    async def clear_overrides(self, space: str) -> None:
        """Take all overrides of a space away."""
        await self._state.clear_overrides(space)
        log.info("all overrides removed from space %s", _named(space))

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

        def setting() -> ClockSetting:
            before, real = self.clock_in(space), self.clock.now()
            try:
                if (now is None) == (advance is None):
                    raise ValueError("expected either now or advance")
                if now is not None:
                    moment, ticks = read_moment(now, self.population.home.zone), bool(is_ticking)
                else:
                    moment = before.now + read_period(advance or "")
                    ticks = before.is_ticking if is_ticking is None else is_ticking
            except (ValueError, OverflowError) as mistake:
                raise UserError(f"{'now' if advance is None else 'advance'}: {mistake}") from None
            if not EARLIEST <= moment < LATEST:
                raise UserError(f"advance: that leads to {moment.year}, expected a year from 1900 to 2999")
            return ClockSetting(real, moment, ticks)

        while not await self._state.set_clock(self._state.view(space), found := setting()):
            pass
        ticks = "ticking" if found.is_ticking else "frozen"
        log.info("clock of space %s set to %s, %s", _named(space), instant(found.to), ticks)

    async def release_clock(self, space: str) -> None:
        """Let a space's clock be as it was before it was set."""
        while (view := self._state.view(space)).clock and not await self._state.set_clock(view, None):
            pass
        log.info("clock of space %s released", _named(space))

    def profile_in(self, space: str) -> ProfileView:
        """Return how strict the bank's side is in a space, and who says so."""
        own, for_all = self._state.view(space).profile, self._state.view(FOR_ALL).profile
        return ProfileView(own or for_all or self.settings.bank_profile, _set_by(space, own, for_all, "settings"))

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
                log.info("profile of space %s set to %s%s", _named(space), profile.name, ", live texts" * worded_live)
                return

    async def release_profile(self, space: str) -> None:
        """Let a space's profile be as it was before it was set."""
        while (view := self._state.view(space)).profile and not await self._state.set_profile(view, None):
            pass
        log.info("profile of space %s released", _named(space))

    def issue_token(
        self, client_id: str, scope: str | None = None, lifetime: timedelta | None = None
    ) -> dict[str, Any]:
        """Issue a token by the clock of the client's space, as the token call does. Raises UserError.

        A `lifetime` of zero makes one that has expired already.
        """
        _check_client_id(client_id)
        try:
            scope = self.bank.login.scope(scope or "")
        except ValueError as mistake:
            raise UserError(f"scope: {mistake}") from None
        login, there = self.bank.login, self._answering.world(space_name(client_id))
        lifetime = login.lifetime if lifetime is None else lifetime
        return login.issued(client_id, scope, lifetime, there.now(self.clock.now()), there.world.access)

    def valid_headers(self, client_id: str | None = None, operation: Operation | None = None) -> dict[str, str]:
        """Return headers with which a call is let in: the document's examples, and a token where those are checked."""
        operation = operation or self.contract.main
        if operation.wants_basic:
            clients = self.file_set.clients
            client_id = client_id or next(iter(clients), "branch-app")
            basic = b64encode(f"{client_id}:{clients.get(client_id, 'secret')}".encode()).decode()
            return {"Authorization": f"Basic {basic}", "Content-Type": operation.content_type}
        headers: dict[str, str] = dict(operation.example_headers)
        headers["client_id"] = client_id or headers["client_id"]
        profile, clients = self.profile_in(space_name(headers["client_id"])).profile, self.file_set.clients
        if "clients" in profile.checks and headers["client_id"] not in clients and clients:
            headers["client_id"] = next(iter(clients))
        if "tokens" in profile.checks:
            headers["Authorization"] = f"Bearer {self.issue_token(headers['client_id'])['access_token']}"
        return headers

    def valid_body(self, operation: Operation) -> str:
        """Return the body of an operation's documented example, empty where it has none."""
        if operation.example is None:
            return ""
        is_form = operation.content_type == "application/x-www-form-urlencoded"
        return urlencode(operation.example) if is_form else json.dumps(operation.example)

    def curl(self, base_url: str, options: Sequence[str] = ()) -> str:
        """Return a call that is let in as a command to paste into a shell; `options` are more of curl's."""
        operation = self.contract.main
        url, body = base_url + operation.base_path + operation.path, self.valid_body(operation)
        return curl_command(operation.method, url, self.valid_headers(), body, options)

    async def begin_session(self, client_id: str) -> str:
        """Begin a session of a client without a call; return its sid. Raises UserError."""
        _check_client_id(client_id)
        there = self._answering.world(space_name(client_id))
        number = await self._state.take(there.space, SESSIONS)
        return begun_session(client_id, number, "", there.now(self.clock.now()), there.world.access)

    def session_key(self, sid: str) -> SessionKey:
        """Return the key of a session. Raises NotFound where it is not known."""
        if not self.file_set.signer.knows_session(sid):
            raise NotFound("this is no session that was begun with this seed")
        return self.bank.key_exchange.key(sid)

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
        log.info("all spaces reset" if space is None else f"space {_named(space)} reset")

    def reload(self) -> Reload:
        """Read the files again. A set with mistakes is reported and not used."""
        with self._reloading:
            try:
                file_set = self.loader.load()
            except ScenarioMistakes as error:
                self.last_reload = Reload(self.clock.now(), tuple(error.mistakes), (), ())
                log.error(  # noqa: TRY400 - the mistakes say all
                    "%s; the last good set stays:\n%s", error, "\n".join(map(str, error.mistakes))
                )
            else:
                is_new, self.file_set = file_set is not self.file_set, file_set
                self._answering.use(file_set)
                self.last_reload = Reload(self.clock.now(), (), file_set.warnings, file_set.notes)
                if is_new:
                    log.info("read %d files with %d scenarios", len(file_set.files), file_set.counts.total())
                    _log_findings(file_set)
                self.loader.let_go()
            return self.last_reload

    def warm_up(self) -> None:
        """Do what the first synthetic customer would have to wait for."""
        population = self.file_set.population
        population.customer(population.home, Identity("customerId", "000000000000"))

    def people(self, space: str = FOR_ALL) -> People:
        """Return everybody there is, on the day that it is in a space."""
        return People(self.file_set.population, self.file_set.book, self.file_set.cast, self.now(space))

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

    def _key_problems(self, section: str, pattern: str) -> Iterator[str]:
        """Say what is wrong with where an override stands, in the words of a file's mistakes."""
        schema = scenario_schema(further=further_operations(self.contract))
        file = {section: {pattern: {"fault": "emptyResponse"}}}
        if section not in OVERRIDE_SECTIONS:
            yield f"found {section[:40]!r}, expected {', '.join(OVERRIDE_SECTIONS[:-1])} or {OVERRIDE_SECTIONS[-1]}"
        elif not schema.is_valid(file):
            yield from (message for _, message in schema.mistakes(file))

    def _read(self, read: Callable[..., Result], wish: object) -> Result:
        try:
            return read(wish, self.contract, self.population.home.zone)
        except ValueError as mistake:
            raise UserError(str(mistake)) from None


def _key(section: str, pattern: str) -> str:
    """Return what an override is known by: a name is the same in any case."""
    return pattern.lower() if section == "named" else pattern


def _set_by(space: str, own: object, for_all: object, default: str) -> str:
    """Say whose word counts in a space: its own, that of the space for all, or the default."""
    return "space" if own and space != FOR_ALL else "all" if for_all else default


def _check_client_id(client_id: str) -> None:
    if not 0 < len(client_id) <= MAX_CLIENT_ID or not client_id.isprintable():
        raise UserError(f"client_id: expected 1 to {MAX_CLIENT_ID} printable characters")


def _named(space: str) -> str:
    """Return a space's name as one line of the log shows it."""
    return masked_text(one_line(space))


def _log_findings(file_set: FileSet) -> None:
    for level, kind, found in (
        (logging.WARNING, "warnings", file_set.warnings),
        (logging.INFO, "notes", file_set.notes),
    ):
        for each in found[:MAX_WARNINGS]:
            log.log(level, "%s", each)
        if (more := len(found) - MAX_WARNINGS) > 0:
            log.log(level, "%d more %s; `segment-sandbox check` shows them all", more, kind)
