"""From a request to a call that is answered, counted and in the journal.

Rule 1: one object for each call, from the wire to the journal and back; what it shares with others is kept with them:
what the headers alone say with the caller, what the files and the settings of a space say with the space's world.
Rule 2: a call is answered in one world: files, overrides and profile are looked at once.
Rule 3: a caller is known by all headers but those that every call has for itself; it is forgotten when its world is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from .clock import Clock
from .core.bank import Bank
from .core.call import Call
from .core.caller import Caller
from .core.credentials import Access, Profile
from .core.decide import Decision, NumberNeeded, World, decide, explain, refuse
from .core.messages import BankRequest, bank_request
from .core.operation import Operation
from .files.loader import FileSet
from .settings import Settings
from .state.interface import SpaceView, State
from .state.journal import RecordedCall, hash_key
from .state.spaces import FOR_ALL, space_name

# What every call has for itself: the contract's uuid, and what tracing adds (W3C Trace Context, B3, and others).
OWN_HEADERS = frozenset(
    {b"uuid", b"traceparent", b"tracestate", b"x-request-id", b"x-correlation-id", b"x-b3-traceid", b"x-b3-spanid"}
)
MAX_CALLERS = 1_000
MAX_CALLER_BYTES = 4_096
_MAX_WORLDS = 1_000

RawHeaders = Sequence[tuple[bytes, bytes]]


class SpaceWorld(NamedTuple):
    """The world of a space, and what it was made of."""

    space: str
    view: SpaceView
    for_all: SpaceView
    file_set: FileSet
    world: World

    def now(self, real: datetime) -> datetime:
        """Return what time it is in the space at a real moment."""
        setting = self.view.clock or self.for_all.clock
        return setting.now(real) if setting else real


class KnownCaller(NamedTuple):
    """A caller, the world that it was read in, and the length of what it is known by."""

    caller: Caller
    there: SpaceWorld


class Answering:
    """Answers calls with what the files say and the state holds. `file_set` is swapped whole."""

    def __init__(self, bank: Bank, settings: Settings, file_set: FileSet, state: State, clock: Clock) -> None:
        self._bank = bank
        self._real_cards = settings.real_cards
        self._profile: Profile = settings.bank_profile
        self._state = state
        self._clock = clock
        self._worlds: dict[str, SpaceWorld] = {}
        self._callers: dict[object, KnownCaller] = {}
        self.use(file_set)

    def use(self, file_set: FileSet) -> None:
        """Answer from other files from now on."""
        self._file_set = file_set
        self._hash_key = hash_key(file_set.population.seed)
        self._callers.clear()

    async def answer(
        self,
        operation: Operation,
        headers: RawHeaders,
        body: bytes,
        query: bytes,
        method: str,
        path: str,
        space: str | None = None,
    ) -> Call:
        """Answer a call as the bank would, count it, and write it into the journal of its space.

        `headers` are in lower case; `space` is the one that the path names, if it does.
        """
        own, (caller, there) = self._known(operation, headers, space)
        at = self._clock.now()
        call = Call(caller, at, there.now(at), body, query.decode("latin-1"), own, method, path, there.space)
        while isinstance(decision := decide(call, there.world), NumberNeeded):
            call.numbers[decision.key] = await self._state.take(there.space, decision.key)
        call.decision = decision
        entry = RecordedCall(call, self._hash_key)
        call.id = await self._state.record(there.space, entry)
        if entry.is_long:
            entry.exchange()
        return call

    async def refuse(
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
    ) -> Call:
        """Answer a call that is not one of the bank's, in the shape of its errors.

        `operation` is the one that it tried to be, which tells who calls.
        """
        own, (caller, there) = self._known(operation or self._bank.contract.main, headers, space)
        at = self._clock.now()
        call = Call(caller, at, there.now(at), b"", "", own, method, path, there.space)
        call.decision = refuse(call, status, error, location, reason)
        call.id = await self._state.record(there.space, RecordedCall(call, self._hash_key))
        return call

    async def explain(self, space: str, operation: Operation, request: BankRequest) -> list[Decision]:
        """Say which rule would answer in that space, and which it beats, without counting or writing anything."""
        there, at = self.world(space), self._clock.now()
        call = Call(self._caller(operation, request, there.world), at, there.now(at), request.body, request.query)
        while isinstance(decisions := explain(call, there.world), NumberNeeded):
            call.numbers[decisions.key] = await self._state.peek(space, decisions.key)
        return decisions

    def world(self, space: str) -> SpaceWorld:
        """Return the world as it is in a space, which need not appear; made anew where anything has changed."""
        view, for_all, file_set = self._state.view(space), self._state.view(FOR_ALL), self._file_set
        known = self._worlds.get(space)
        if known and known.view is view and known.for_all is for_all and known.file_set is file_set:
            return known
        if len(self._worlds) >= _MAX_WORLDS:
            self._worlds.clear()
        overrides = tuple(each.overrides for each in (view, for_all) if each.overrides is not None)
        access = Access(view.profile or for_all.profile or self._profile, file_set.clients, file_set.signer)
        if known and known.world.access == access:
            access = known.world.access
        world = World(file_set.population, file_set.book, overrides, self._real_cards, access)
        known = self._worlds[space] = SpaceWorld(space, view, for_all, file_set, world)
        return known

    def _known(
        self, operation: Operation, headers: RawHeaders, space: str | None
    ) -> tuple[Mapping[str, str], KnownCaller]:
        """Return what a call's headers say: those that are its own, and who it is by all others."""
        own, shared = {}, []
        for pair in headers:
            if pair[0] not in OWN_HEADERS:
                shared.append(pair)
            elif pair[1] and pair[0] not in own:
                own[pair[0]] = pair[1]
            else:
                # What is empty or repeated is a matter of the caller, and not of one call.
                own, shared = {}, list(headers)
                break
        names = (*own,)
        key = (operation.id, space, names, *shared)
        found = self._callers.get(key)
        if found:
            there = self.world(found.there.space)
            world, before = there.world, found.there.world
            if world.population is before.population and world.access is before.access:
                if there is not found.there:
                    found = self._callers[key] = KnownCaller(found.caller, there)
                return {name.decode(): value.decode("latin-1") for name, value in own.items()}, found
        request = bank_request(headers, b"")
        if space is None:
            space = space_name(operation.behaviour.client_of(request, self._file_set.clients))
        there = self.world(space)
        found = KnownCaller(self._caller(operation, request, there.world, names), there)
        if sum(len(name) + len(value) for name, value in headers) <= MAX_CALLER_BYTES:
            if len(self._callers) >= MAX_CALLERS:
                self._callers.clear()
            self._callers[key] = found
        return {name.decode(): value.decode("latin-1") for name, value in own.items()}, found

    def _caller(
        self, operation: Operation, request: BankRequest, world: World, own_names: Sequence[bytes] = ()
    ) -> Caller:
        contract, own = self._bank.contract, [name.decode() for name in own_names]
        return Caller(operation, request, world.population, world.access, contract.languages, contract.operations, own)
