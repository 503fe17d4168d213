"""The sandbox: the one object that changes while a server runs, and the one facade for all who use it.

Rule 1: a set of files is swapped whole, and only for a good one; a broken save leaves everything as it was.
Rule 2: what calls change belongs to a space, the caller's client_id, and spaces never see each other.
"""

import heapq
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, NamedTuple

from . import __version__
from .clock import Clock
from .core.bank import MoreOperations
from .core.call import Call, call_of
from .core.caller import Caller
from .core.credentials import Access, Profile, read_checks
from .core.curl import curl_command
from .core.decide import Decision, NumberNeeded, World, decide, explain, refuse
from .core.directives import FAULT, PREFER, SCENARIO
from .core.entries import read_entry
from .core.faults import FAULTS
from .core.masking import masked, masked_text
from .core.messages import IDENTITY_LENGTHS, BankRequest, Identity, Place, instant, one_line
from .core.openapi import Document
from .core.operation import Operation
from .core.rules.key_exchange import SESSIONS, SessionKey, begun_session
from .core.scenarios import SECTIONS, ErrorOutcome, ScenarioBook
from .core.times import EARLIEST, LATEST, read_duration, read_moment, read_period
from .files.loader import FileSet, Loader, ScenarioMistakes
from .files.scenarios import entry_schema, scenario_schema
from .files.shipped import load_bank
from .files.yaml_data import Mistake
from .people import HandedOut, People
from .settings import Settings
from .state.journal import Exchange, Recorder
from .state.spaces import (
    FOR_ALL,
    MAX_OVERRIDES,
    ClockSetting,
    Override,
    Space,
    Spaces,
    space_name,
)
from .user_errors import NotFound, UserError

# Longer than any that is registered, and short enough for a header.
MAX_CLIENT_ID = 1_000
# What an override may stand under: what a call can't be steered by without one.
OVERRIDE_SECTIONS = (*IDENTITY_LENGTHS, "companion")

# Warnings that log and health show; `check` shows them all.
MAX_WARNINGS = 100

log = logging.getLogger("sandbox")


class Reload(NamedTuple):
    """One reading of the files: when (UTC), what was wrong with them, and what is likely a slip."""

    at: datetime
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...] = ()


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
        self._profile = settings.bank_profile
        self.loader = Loader(self.contract, settings.scenarios)
        self._file_set: FileSet = self.loader.load()
        self._last_reload = Reload(self.clock.now(), (), self._file_set.warnings)
        _log_warnings(self._file_set.warnings)
        self.spaces = Spaces(settings.journal_size, settings.max_spaces, settings.space_idle_time, self.clock.now())
        self._recorder = Recorder()
        self._placed = 0
        self._reloading = threading.Lock()
        self._handed_out = HandedOut()

    @property
    def companions_document(self) -> Document:
        """The document of the operations beside the contract."""
        return next(iter(self.contract.companions())).document

    @property
    def file_set(self) -> FileSet:
        """The set of files in use."""
        return self._file_set

    def answer(self, operation: Operation, request: BankRequest, method: str, path: str) -> tuple[Decision, Exchange]:
        """Answer a call as the bank would, count it, and write it into the caller's journal."""
        real = self.clock.now()
        space = self._space_of(operation.behaviour.client_of(request, self._file_set.clients), real)
        world = self._world(space, real)
        call = self._call(operation, request, world, self._now(space, real))
        while isinstance(decision := decide(call, world), NumberNeeded):
            call.numbers[decision.key] = space.take(decision.key)
        return decision, self._record(space, real, method, path, request, decision, call)

    def refuse(
        self,
        operation: Operation | None,
        request: BankRequest,
        status: int,
        error: str,
        location: str | None,
        reason: str,
        method: str = "",
        path: str = "",
    ) -> tuple[Decision, Exchange]:
        """Answer a call that is not one of the bank's, in the shape of its errors.

        `operation` is the one that it tried to be, which tells who calls.
        """
        real = self.clock.now()
        tried = operation or self.contract.main
        space = self._space_of(tried.behaviour.client_of(request, self._file_set.clients), real)
        call = self._call(tried, request, self._world(space, real), self._now(space, real))
        decision = refuse(call, status, error, location, reason)
        return decision, self._record(space, real, method, path, request, decision, call)

    def explain(self, space: str, operation: Operation, request: BankRequest) -> list[Decision]:
        """Say which rule would answer in that space, and which it beats, without counting or writing anything."""
        real, found = self.clock.now(), self.spaces.find(space) or Space(space, 1, self.clock.now())
        world = self._world(found, real)
        call = self._call(operation, request, world, self._now(found, real))
        while isinstance(decisions := explain(call, world), NumberNeeded):
            call.numbers[decisions.key] = found.calls.get(decisions.key, 0)
        return decisions

    def all_spaces(self) -> list[Space]:
        """Return the space for all, and then those that were used, the latest last."""
        self.spaces.forget(self.clock.now())
        return [self.spaces.for_all, *self.spaces]

    def space(self, name: str) -> Space:
        """Return a space, which appears if need be."""
        return self.spaces.use(name, self.clock.now())

    def place_override(self, space: str, section: str, pattern: str, entry: object) -> Override:
        """Place a scenario in a space, from an entry as in a file. Raises UserError with all mistakes."""
        real = self.clock.now()
        target = self.spaces.use(space, real)
        sound, mistakes, spoilt = entry_schema(section, pattern).examine(entry)
        mistakes += (((), problem) for problem in _key_problems(section, pattern))
        if section not in OVERRIDE_SECTIONS or not isinstance(entry, dict):
            raise UserError.of(mistakes)
        lifetime = None
        try:
            lifetime = timedelta(seconds=read_duration(sound["expires"])) if "expires" in sound else None
        except ValueError as mistake:
            mistakes.append((("expires",), str(mistake)))
        place = Place(f"overrides of {space}", self._placed + 1)
        scenario, found = read_entry(sound, section, pattern, place, self.contract, spoilt=spoilt)
        scenario = scenario.numbered(self._placed + 1)
        mistakes += found
        for number in filter(None, (scenario.identity, scenario.other)):
            owner = target.owner_of(number)
            if owner and (owner.section, owner.pattern) != (section, pattern):
                mistakes.append(((), f"{number} is named by the override for {owner.title}; take that away first"))
        if mistakes:
            raise UserError.of(mistakes)
        if len(target.overrides(real)) >= MAX_OVERRIDES and not target.find(section, pattern, real):
            raise UserError(f"there are {MAX_OVERRIDES} overrides in {space} already; take some away, or write a file")
        self._placed += 1
        override = Override(scenario, entry, real + lifetime if lifetime else None)
        target.place(override)
        log.info("override for %s %s placed in space %s", section, masked(pattern), _named(space))
        return override

    def overrides(self, space: str) -> list[Override]:
        """Return the overrides of a space that still hold, in the order in which they were placed."""
        found = self.spaces.find(space)
        return found.overrides(self.clock.now()) if found else []

    def remove_override(self, space: str, section: str, pattern: str) -> None:
        """Take an override away. Raises NotFound."""
        found = self.spaces.find(space)
        if found is None or not found.remove(section, pattern):
            raise NotFound(f"there is no override for {section} {masked_text(pattern)} in {space}")
        log.info("override for %s %s removed from space %s", section, masked(pattern), _named(space))

    def now(self, space: str) -> datetime:
        """Return what time it is in a space."""
        return self._now(self.spaces.find(space), self.clock.now())

    def set_clock(self, space: str, now: str | None, advance: str | None, is_ticking: bool | None) -> None:
        """Set a space's clock to a moment, or move it. Raises UserError.

        A moment freezes the clock there, unless `is_ticking`; moving leaves it frozen or ticking as it was.
        A day without a time means its midnight in the home country.
        """
        real = self.clock.now()
        target = self.spaces.use(space, real)
        before = target.clock or self.spaces.for_all.clock
        try:
            if (now is None) == (advance is None):
                raise ValueError("expected either now or advance")
            if now is not None:
                moment, ticks = read_moment(now, self._file_set.population.home.zone), bool(is_ticking)
            else:
                moment = self._now(target, real) + read_period(advance or "")
                ticks = is_ticking if is_ticking is not None else before is None or before.is_ticking
        except (ValueError, OverflowError) as mistake:
            raise UserError(f"{'now' if advance is None else 'advance'}: {mistake}") from None
        if not EARLIEST <= moment < LATEST:
            raise UserError(f"advance: that leads to {moment.year}, expected a year from 1900 to 2999")
        target.clock = ClockSetting(real, moment, ticks)
        log.info("clock of space %s set to %s, %s", _named(space), instant(moment), "ticking" if ticks else "frozen")

    def release_clock(self, space: str) -> None:
        """Let a space's clock be as it was before it was set."""
        if found := self.spaces.find(space):
            found.clock = None
            log.info("clock of space %s released", _named(space))

    def profile(self, space: str) -> Profile:
        """Return how strict the bank's side is in a space."""
        return self._profile_in(self.spaces.find(space))

    def set_profile(self, space: str, checks: str | None, live_texts: bool | None) -> None:
        """Set the checks or the wording of a space; what is None stays as it is now. Raises UserError."""
        profile = self.profile(space)
        try:
            checked = profile.checks if checks is None else read_checks(checks)
        except ValueError as mistake:
            raise UserError(f"profile: {mistake}") from None
        worded_live = profile.live_texts if live_texts is None else live_texts
        self.space(space).profile = profile = Profile(checked, worded_live)
        log.info("profile of space %s set to %s%s", _named(space), profile.name, ", live texts" * worded_live)

    def release_profile(self, space: str) -> None:
        """Let a space's profile be as it was before it was set."""
        if found := self.spaces.find(space):
            found.profile = None
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
        login, space = self.bank.login, self.spaces.find(space_name(client_id))
        lifetime = login.lifetime if lifetime is None else lifetime
        return login.issued(client_id, scope, lifetime, self._now(space, self.clock.now()), self._access(space))

    def valid_headers(self, client_id: str | None = None) -> dict[str, str]:
        """Return headers with which a call is let in: the contract's examples, and a token where those are checked."""
        headers: dict[str, str] = dict(self.contract.main.example_headers)
        headers["client_id"] = client_id or headers["client_id"]
        profile, clients = self.profile(space_name(headers["client_id"])), self._file_set.clients
        if "clients" in profile.checks and headers["client_id"] not in clients and clients:
            headers["client_id"] = next(iter(clients))
        if "tokens" in profile.checks:
            headers["Authorization"] = f"Bearer {self.issue_token(headers['client_id'])['access_token']}"
        return headers

    def curl(self, base_url: str, options: Sequence[str] = ()) -> str:
        """Return a call that is let in as a command to paste into a shell; `options` are more of curl's."""
        operation = self.contract.main
        url, body = base_url + operation.base_path + operation.path, json.dumps(operation.example)
        return curl_command(operation.method, url, self.valid_headers(), body, options)

    def begin_session(self, client_id: str) -> str:
        """Begin a session of a client without a call; return its sid. Raises UserError."""
        _check_client_id(client_id)
        real = self.clock.now()
        space = self._space_of(client_id, real)
        return begun_session(client_id, space.take(SESSIONS), "", self._now(space, real), self._access(space))

    def session_key(self, sid: str) -> SessionKey:
        """Return the key of a session. Raises NotFound where it is not known."""
        if not self._file_set.signer.knows_session(sid):
            raise NotFound("this is no session that was begun with this seed")
        return self.bank.key_exchange.key(sid)

    def exchanges(self, space: str) -> Iterator[Exchange]:
        """Go through the exchanges of a space, newest first; `*` means those of all spaces."""
        if space == FOR_ALL:
            return heapq.merge(
                *(reversed(tuple(each.journal)) for each in self.spaces), key=lambda exchange: exchange.id, reverse=True
            )
        found = self.spaces.find(space)
        return reversed(tuple(found.journal)) if found else iter(())

    def reset(self, space: str | None = None) -> None:
        """Make a space as it was when it appeared; all of them where none is named."""
        if space is None:
            self.spaces.clear()
            log.info("all spaces reset")
        elif found := self.spaces.find(space):
            found.reset()
            log.info("space %s reset", _named(space))

    def reload(self) -> Reload:
        """Read the files again. A set with mistakes is reported and not used."""
        with self._reloading:
            try:
                file_set = self.loader.load()
            except ScenarioMistakes as error:
                self._last_reload = Reload(self.clock.now(), tuple(error.mistakes))
                log.error(  # noqa: TRY400 - the mistakes say all
                    "%s; the last good set stays:\n%s", error, "\n".join(map(str, error.mistakes))
                )
            else:
                is_new, self._file_set = file_set is not self._file_set, file_set
                self._last_reload = Reload(self.clock.now(), (), file_set.warnings)
                if is_new:
                    log.info("read %d files with %d scenarios", len(file_set.files), file_set.counts.total())
                    _log_warnings(file_set.warnings)
                self.loader.let_go()
            return self._last_reload

    def warm_up(self) -> None:
        """Do what the first synthetic customer would have to wait for."""
        population = self._file_set.population
        population.customer(population.home, Identity("customerId", "000000000000"))

    def health(self) -> dict[str, Any]:
        """Return how the sandbox is: versions, scenario counts, the last reload and its mistakes."""
        file_set, reload = self._file_set, self._last_reload
        return {
            "status": "degraded" if reload.mistakes else "ok",
            "version": __version__,
            "contract": {"title": self.contract.document["info"]["title"], "version": self.contract.version},
            "dataVersion": f"faker-{version('faker')}",
            "profile": self._profile.name,
            "liveTexts": self._profile.live_texts,
            "seed": file_set.population.seed,
            "scenarios": {
                "files": list(file_set.files),
                "entries": file_set.counts.total(),
                **{section: file_set.counts[section] for section in SECTIONS},
            },
            "lastReload": {
                "at": instant(reload.at),
                "ok": not reload.mistakes,
                "mistakes": list(map(_placed, reload.mistakes)),
                "warnings": list(map(_placed, reload.warnings[:MAX_WARNINGS])),
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
        file_set = self._file_set
        return People(file_set.population, file_set.book, file_set.cast, self.now(space), self._handed_out)

    def _space_of(self, client_id: str, real: datetime) -> Space:
        return self.spaces.use(space_name(client_id), real)

    def _world(self, space: Space, real: datetime) -> World:
        file_set, for_all = self._file_set, self.spaces.for_all
        overrides: tuple[ScenarioBook, ...] = ()
        if space.has_overrides or for_all.has_overrides:
            overrides = tuple(book for book in (space.book(real), for_all.book(real)) if book)
        return World(file_set.population, file_set.book, overrides, self.settings.real_cards, self._access(space))

    def _access(self, space: Space | None) -> Access:
        return Access(self._profile_in(space), self._file_set.clients, self._file_set.signer)

    def _call(self, operation: Operation, request: BankRequest, world: World, now: datetime) -> Call:
        languages, names = self.contract.languages, self.contract.operations
        return call_of(Caller(operation, request, world.population, world.access, languages, names), request, now)

    def _now(self, space: Space | None, real: datetime) -> datetime:
        setting = (space and space.clock) or self.spaces.for_all.clock
        return setting.now(real) if setting else real

    def _profile_in(self, space: Space | None) -> Profile:
        return (space and space.profile) or self.spaces.for_all.profile or self._profile

    def _record(
        self, space: Space, real: datetime, method: str, path: str, request: BankRequest, decision: Decision, call: Call
    ) -> Exchange:
        exchange = self._recorder.exchange(real, space.name, method, path, request, decision, call.identities)
        space.journal.record(exchange)
        self.spaces.for_all.journal.pass_on(exchange)
        return exchange

    def _magic_values(self) -> dict[tuple[str, str], str]:
        magic: dict[tuple[str, str], str] = {}
        for scenario in self._file_set.magic:
            outcome, fault = scenario.steps[0].outcome, scenario.steps[0].fault
            name = fault.name if fault else outcome.error.name if isinstance(outcome, ErrorOutcome) else None
            if name and scenario.identity:
                magic[name, scenario.section] = scenario.pattern
        return magic


def _named(space: str) -> str:
    """Return a space's name as one line of the log shows it."""
    return masked_text(one_line(space))


def _placed(mistake: Mistake) -> dict[str, Any]:
    return {"file": mistake.place.file, "line": mistake.place.line, "message": mistake.message}


def _log_warnings(warnings: Sequence[Mistake]) -> None:
    for warning in warnings[:MAX_WARNINGS]:
        log.warning("%s", warning)
    if (more := len(warnings) - MAX_WARNINGS) > 0:
        log.warning("%d more warnings; `segment-sandbox check` shows them all", more)


def _check_client_id(client_id: str) -> None:
    if not 0 < len(client_id) <= MAX_CLIENT_ID or not client_id.isprintable():
        raise UserError(f"client_id: expected 1 to {MAX_CLIENT_ID} printable characters")


def _key_problems(section: str, pattern: str) -> Iterator[str]:
    """Say what is wrong with where an override stands, in the words of a file's mistakes."""
    file = {section: {pattern: {"fault": "emptyResponse"}}}
    if section not in OVERRIDE_SECTIONS:
        yield f"found {section[:40]!r}, expected {', '.join(OVERRIDE_SECTIONS[:-1])} or {OVERRIDE_SECTIONS[-1]}"
    elif not scenario_schema().is_valid(file):
        yield from (message for _, message in scenario_schema().mistakes(file))
