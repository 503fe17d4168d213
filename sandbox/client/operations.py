"""The methods of both clients. Made from the control API's document by `make docs`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Literal

from .calls import YAML, Call
from .shapes import (
    CatalogueEntry,
    Clock,
    Coverage,
    Customer,
    Decision,
    DeepMatch,
    Entry,
    Exchange,
    Exchanges,
    Health,
    Json,
    Match,
    Override,
    Profile,
    Reload,
    ScenarioFile,
    Session,
    Space,
    Token,
    Verification,
)
from .transport import AsyncTransport, Page, SyncTransport


class Client(SyncTransport):
    """The control API of a sandbox; each method is the operation of its name."""

    def show_health(self) -> Health:
        """How the sandbox is."""
        found: Health = self._send(Call("GET", "/health"))
        return found

    def describe(self) -> Json:
        """This document."""
        found: Json = self._send(Call("GET", "/openapi.json"))
        return found

    def list_errors(self) -> list[CatalogueEntry]:
        """Every error with its texts, magic values, headers and YAML."""
        found: list[CatalogueEntry] = self._send(Call("GET", "/errors"))
        return found

    def find_customers(
        self,
        *,
        birthday: str | None = None,
        segment: str | None = None,
        country: str | None = None,
        count: int | None = None,
        after: int | None = None,
        space: str | None = None,
    ) -> Page[Customer]:
        """Find customers with a property, those in scenario files first.

        birthday: today, never or MM-DD
        segment: a segment code, such as 20
        country: a country code, such as MX; the world's first where none is named
        count: how many, 1 to 1000
        after: where to go on, a number; the Link header of the page before has it
        space: the space whose clock says what today is
        """
        found: Page[Customer] = self._send(
            Call(
                "GET",
                "/customers",
                query={
                    "birthday": birthday,
                    "segment": segment,
                    "country": country,
                    "count": count,
                    "after": after,
                    "space": space,
                },
            )
        )
        return found

    def make_customer(
        self,
        *,
        birthday: str | None = None,
        segment: str | None = None,
        country: str | None = None,
        space: str | None = None,
    ) -> Customer:
        """Hand out a customer with these properties whom nobody was given before.

        birthday: today or MM-DD
        segment: a segment code as text, such as "20"
        country: a country code, such as MX; the world's first where none is named
        space: the space whose clock says what today is
        """
        found: Customer = self._send(
            Call(
                "POST",
                "/customers",
                body={"birthday": birthday, "segment": segment, "country": country, "space": space},
            )
        )
        return found

    def show_customer(self, identity: str, *, country: str | None = None, space: str | None = None) -> Customer:
        """Show a customer.

        identity: a customerId of up to 12 digits or a cardNumber of up to 16
        country: a country code, such as MX; the world's first where none is named
        space: the space whose clock says what today is
        """
        found: Customer = self._send(
            Call(
                "GET", "/customers/{identity}", names={"identity": identity}, query={"country": country, "space": space}
            )
        )
        return found

    def list_spaces(self) -> list[Space]:
        """All spaces, the one for all first."""
        found: list[Space] = self._send(Call("GET", "/spaces"))
        return found

    def show_space(self, *, space: str | None = None) -> Space:
        """One space.

        space: a client_id, or * for all
        """
        found: Space = self._send(Call("GET", "/spaces/{space}", names={"space": space}))
        return found

    def reset_space(self, *, space: str | None = None) -> None:
        """Reset a space to as-started.

        space: a client_id, or * for all
        """
        self._send(Call("DELETE", "/spaces/{space}", names={"space": space}))

    def list_overrides(self, *, space: str | None = None) -> list[Override]:
        """The overrides; with Accept application/yaml, as a scenario file.

        space: a client_id, or * for all
        """
        found: list[Override] = self._send(Call("GET", "/spaces/{space}/overrides", names={"space": space}))
        return found

    def list_overrides_as_yaml(self, *, space: str | None = None) -> str:
        """The overrides; with Accept application/yaml, as a scenario file.

        space: a client_id, or * for all
        """
        found: str = self._send(Call("GET", "/spaces/{space}/overrides", names={"space": space}, accept=YAML))
        return found

    def replace_overrides(self, scenariofile: ScenarioFile | str, *, space: str | None = None) -> list[Override]:
        """Place a whole scenario file instead of all overrides that there are, or nothing of it.

        scenariofile: what a scenario file says: sections of entries by number or name; expires, too, is allowed in each
        space: a client_id, or * for all
        """
        found: list[Override] = self._send(
            Call("PUT", "/spaces/{space}/overrides", names={"space": space}, body=scenariofile)
        )
        return found

    def clear_overrides(self, *, space: str | None = None) -> None:
        """Take all overrides away.

        space: a client_id, or * for all
        """
        self._send(Call("DELETE", "/spaces/{space}/overrides", names={"space": space}))

    def show_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        *,
        space: str | None = None,
    ) -> Override:
        """One override.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        space: a client_id, or * for all
        """
        found: Override = self._send(
            Call(
                "GET",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
            )
        )
        return found

    def place_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        entry: Entry | str,
        *,
        space: str | None = None,
    ) -> Override:
        """Place an override, instead of the one that was there.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        entry: an object as in a scenario file, with times and expires if wanted
        space: a client_id, or * for all
        """
        found: Override = self._send(
            Call(
                "PUT",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
                body=entry,
            )
        )
        return found

    def remove_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        *,
        space: str | None = None,
    ) -> None:
        """Take an override away.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        space: a client_id, or * for all
        """
        self._send(
            Call(
                "DELETE",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
            )
        )

    def show_clock(self, *, space: str | None = None) -> Clock:
        """What time it is.

        space: a client_id, or * for all
        """
        found: Clock = self._send(Call("GET", "/spaces/{space}/clock", names={"space": space}))
        return found

    def set_clock(
        self,
        *,
        now: str | None = None,
        advance: str | None = None,
        ticking: bool | None = None,
        space: str | None = None,
    ) -> Clock:
        """Freeze, tick from a moment, or travel.

        now: a moment with its offset, such as 2028-02-29T09:00:00-06:00
        advance: a period, such as P1D, PT90M or -P2W
        ticking: true or false
        space: a client_id, or * for all
        """
        found: Clock = self._send(
            Call(
                "PUT",
                "/spaces/{space}/clock",
                names={"space": space},
                body={"now": now, "advance": advance, "ticking": ticking},
            )
        )
        return found

    def release_clock(self, *, space: str | None = None) -> Clock:
        """Release the clock.

        space: a client_id, or * for all
        """
        found: Clock = self._send(Call("DELETE", "/spaces/{space}/clock", names={"space": space}))
        return found

    def show_profile(self, *, space: str | None = None) -> Profile:
        """How strict the bank's side is, and how it words errors.

        space: a client_id, or * for all
        """
        found: Profile = self._send(Call("GET", "/spaces/{space}/profile", names={"space": space}))
        return found

    def set_profile(
        self, *, profile: str | None = None, live_texts: bool | None = None, space: str | None = None
    ) -> Profile:
        """Choose checks and wording; what is left out stays as it is.

        profile: lenient, strict, or checks with commas between: clients, tokens, uuid, sid
        live_texts: true or false: whether errors are worded as live systems were seen to
        space: a client_id, or * for all
        """
        found: Profile = self._send(
            Call(
                "PUT",
                "/spaces/{space}/profile",
                names={"space": space},
                body={"profile": profile, "liveTexts": live_texts},
            )
        )
        return found

    def release_profile(self, *, space: str | None = None) -> Profile:
        """Release the profile.

        space: a client_id, or * for all
        """
        found: Profile = self._send(Call("DELETE", "/spaces/{space}/profile", names={"space": space}))
        return found

    def list_exchanges(
        self,
        match: Match | None = None,
        *,
        limit: int | None = None,
        wait: int | None = None,
        timeout: str | None = None,
        space: str | None = None,
    ) -> Exchanges:
        """The journal, newest first; waits for the n-th match if wanted.

        match: filters, each a parameter of its own
        limit: how many to show at most, a number
        wait: how many must match before the answer comes, a number
        timeout: how long to wait, a duration such as 5s; never longer than 60s
        space: a client_id, or * for all
        """
        found: Exchanges = self._send(
            Call(
                "GET",
                "/spaces/{space}/exchanges",
                names={"space": space},
                query={"limit": limit, "wait": wait, "timeout": timeout, **(match or {})},
            )
        )
        return found

    def clear_exchanges(self, *, space: str | None = None) -> None:
        """Clear the journal.

        space: a client_id, or * for all
        """
        self._send(Call("DELETE", "/spaces/{space}/exchanges", names={"space": space}))

    def stream_exchanges(
        self, match: Match | None = None, *, last_event_id: int | None = None, space: str | None = None
    ) -> AbstractContextManager[Iterator[Exchange]]:
        """The journal live, as server-sent events.

        match: filters, each a parameter of its own
        last_event_id: the last exchange that was seen, a number; those behind it come first
        space: a client_id, or * for all
        """
        return self._stream(
            Call(
                "GET",
                "/spaces/{space}/exchanges/stream",
                names={"space": space},
                query={**(match or {})},
                headers={"Last-Event-ID": last_event_id},
            )
        )

    def show_exchange(self, id: int, *, space: str | None = None) -> Exchange:
        """One exchange.

        id: the number of an exchange, as X-Sandbox-Exchange has it
        space: a client_id, or * for all
        """
        found: Exchange = self._send(Call("GET", "/spaces/{space}/exchanges/{id}", names={"id": id, "space": space}))
        return found

    def verify(
        self,
        *,
        match: DeepMatch | None = None,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        in_order: list[DeepMatch] | None = None,
        only: bool | None = None,
        timeout: str | None = None,
        space: str | None = None,
    ) -> Verification:
        """Was it called as expected? Answers yes, or no with what came closest.

        match: an object of filters, with headers and body if wanted; an exchange must fit all of them
        exactly: how many must match, a number
        at_least: how many must match at least, a number; 1 where nothing is said
        at_most: how many may match at most, a number
        in_order: a list of matches, to be met one after the other, whatever comes between
        only: true or false: whether no other call may have come
        timeout: how long to wait until it is true, such as 5s, at most 60s
        space: a client_id, or * for all
        """
        found: Verification = self._send(
            Call(
                "POST",
                "/spaces/{space}/verify",
                names={"space": space},
                body={
                    "match": match,
                    "exactly": exactly,
                    "atLeast": at_least,
                    "atMost": at_most,
                    "inOrder": in_order,
                    "only": only,
                    "timeout": timeout,
                },
            )
        )
        return found

    def coverage(self, *, space: str | None = None) -> Coverage:
        """Which errors and rules were exercised, and findings about the caller.

        space: a client_id, or * for all
        """
        found: Coverage = self._send(Call("GET", "/spaces/{space}/coverage", names={"space": space}))
        return found

    def issue_token(self, client_id: str, *, scope: str | None = None, lifetime: str | None = None) -> Token:
        """Issue a token without a login, by the clock of the client's space.

        client_id: the one that the calls will be made with
        scope: one of the scopes, or several with blanks between; /api/v1 where none is named
        lifetime: a duration such as 30m; 0s makes a token that has expired
        """
        found: Token = self._send(
            Call("POST", "/tokens", body={"client_id": client_id, "scope": scope, "lifetime": lifetime})
        )
        return found

    def begin_session(self, client_id: str) -> Session:
        """Begin a session without a key exchange.

        client_id: the one that the calls will be made with
        """
        found: Session = self._send(Call("POST", "/sessions", body={"client_id": client_id}))
        return found

    def show_session(self, sid: str) -> Session:
        """A session with its key, private part and all, to read what a client has encrypted.

        sid: the session's sid
        """
        found: Session = self._send(Call("GET", "/sessions/{sid}", names={"sid": sid}))
        return found

    def explain(
        self,
        *,
        operation: str | None = None,
        query: str | None = None,
        headers: dict[str, str] | None = None,
        body: Any = None,
        space: str | None = None,
    ) -> Decision:
        """A dry run: which rule would answer, why, and what it beats.

        operation: the operation that is called, the contract's own where none is named
        query: what stands behind the path's question mark
        headers: an object of texts; a valid request is meant where none are given
        body: the body, as JSON or as text
        space: the space to ask in; where none is named, that of the client_id in headers
        """
        found: Decision = self._send(
            Call(
                "POST",
                "/explain",
                body={"operation": operation, "query": query, "headers": headers, "body": body, "space": space},
            )
        )
        return found

    def reload(self) -> Reload:
        """Read the files again; a set with mistakes is reported and not used."""
        found: Reload = self._send(Call("POST", "/reload"))
        return found

    def reset(self) -> None:
        """Everything to as-started."""
        self._send(Call("POST", "/reset"))


class AsyncClient(AsyncTransport):
    """The control API of a sandbox, to await; each method is the operation of its name."""

    async def show_health(self) -> Health:
        """How the sandbox is."""
        found: Health = await self._send(Call("GET", "/health"))
        return found

    async def describe(self) -> Json:
        """This document."""
        found: Json = await self._send(Call("GET", "/openapi.json"))
        return found

    async def list_errors(self) -> list[CatalogueEntry]:
        """Every error with its texts, magic values, headers and YAML."""
        found: list[CatalogueEntry] = await self._send(Call("GET", "/errors"))
        return found

    async def find_customers(
        self,
        *,
        birthday: str | None = None,
        segment: str | None = None,
        country: str | None = None,
        count: int | None = None,
        after: int | None = None,
        space: str | None = None,
    ) -> Page[Customer]:
        """Find customers with a property, those in scenario files first.

        birthday: today, never or MM-DD
        segment: a segment code, such as 20
        country: a country code, such as MX; the world's first where none is named
        count: how many, 1 to 1000
        after: where to go on, a number; the Link header of the page before has it
        space: the space whose clock says what today is
        """
        found: Page[Customer] = await self._send(
            Call(
                "GET",
                "/customers",
                query={
                    "birthday": birthday,
                    "segment": segment,
                    "country": country,
                    "count": count,
                    "after": after,
                    "space": space,
                },
            )
        )
        return found

    async def make_customer(
        self,
        *,
        birthday: str | None = None,
        segment: str | None = None,
        country: str | None = None,
        space: str | None = None,
    ) -> Customer:
        """Hand out a customer with these properties whom nobody was given before.

        birthday: today or MM-DD
        segment: a segment code as text, such as "20"
        country: a country code, such as MX; the world's first where none is named
        space: the space whose clock says what today is
        """
        found: Customer = await self._send(
            Call(
                "POST",
                "/customers",
                body={"birthday": birthday, "segment": segment, "country": country, "space": space},
            )
        )
        return found

    async def show_customer(self, identity: str, *, country: str | None = None, space: str | None = None) -> Customer:
        """Show a customer.

        identity: a customerId of up to 12 digits or a cardNumber of up to 16
        country: a country code, such as MX; the world's first where none is named
        space: the space whose clock says what today is
        """
        found: Customer = await self._send(
            Call(
                "GET", "/customers/{identity}", names={"identity": identity}, query={"country": country, "space": space}
            )
        )
        return found

    async def list_spaces(self) -> list[Space]:
        """All spaces, the one for all first."""
        found: list[Space] = await self._send(Call("GET", "/spaces"))
        return found

    async def show_space(self, *, space: str | None = None) -> Space:
        """One space.

        space: a client_id, or * for all
        """
        found: Space = await self._send(Call("GET", "/spaces/{space}", names={"space": space}))
        return found

    async def reset_space(self, *, space: str | None = None) -> None:
        """Reset a space to as-started.

        space: a client_id, or * for all
        """
        await self._send(Call("DELETE", "/spaces/{space}", names={"space": space}))

    async def list_overrides(self, *, space: str | None = None) -> list[Override]:
        """The overrides; with Accept application/yaml, as a scenario file.

        space: a client_id, or * for all
        """
        found: list[Override] = await self._send(Call("GET", "/spaces/{space}/overrides", names={"space": space}))
        return found

    async def list_overrides_as_yaml(self, *, space: str | None = None) -> str:
        """The overrides; with Accept application/yaml, as a scenario file.

        space: a client_id, or * for all
        """
        found: str = await self._send(Call("GET", "/spaces/{space}/overrides", names={"space": space}, accept=YAML))
        return found

    async def replace_overrides(self, scenariofile: ScenarioFile | str, *, space: str | None = None) -> list[Override]:
        """Place a whole scenario file instead of all overrides that there are, or nothing of it.

        scenariofile: what a scenario file says: sections of entries by number or name; expires, too, is allowed in each
        space: a client_id, or * for all
        """
        found: list[Override] = await self._send(
            Call("PUT", "/spaces/{space}/overrides", names={"space": space}, body=scenariofile)
        )
        return found

    async def clear_overrides(self, *, space: str | None = None) -> None:
        """Take all overrides away.

        space: a client_id, or * for all
        """
        await self._send(Call("DELETE", "/spaces/{space}/overrides", names={"space": space}))

    async def show_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        *,
        space: str | None = None,
    ) -> Override:
        """One override.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        space: a client_id, or * for all
        """
        found: Override = await self._send(
            Call(
                "GET",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
            )
        )
        return found

    async def place_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        entry: Entry | str,
        *,
        space: str | None = None,
    ) -> Override:
        """Place an override, instead of the one that was there.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        entry: an object as in a scenario file, with times and expires if wanted
        space: a client_id, or * for all
        """
        found: Override = await self._send(
            Call(
                "PUT",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
                body=entry,
            )
        )
        return found

    async def remove_override(
        self,
        section: Literal["customerId", "cardNumber", "named", "companion"],
        pattern: str,
        *,
        space: str | None = None,
    ) -> None:
        """Take an override away.

        section: what the override is for
        pattern: a number, a prefix with * behind, * for everybody, a name, or the companion call: token or e2eKey
        space: a client_id, or * for all
        """
        await self._send(
            Call(
                "DELETE",
                "/spaces/{space}/overrides/{section}/{pattern}",
                names={"section": section, "pattern": pattern, "space": space},
            )
        )

    async def show_clock(self, *, space: str | None = None) -> Clock:
        """What time it is.

        space: a client_id, or * for all
        """
        found: Clock = await self._send(Call("GET", "/spaces/{space}/clock", names={"space": space}))
        return found

    async def set_clock(
        self,
        *,
        now: str | None = None,
        advance: str | None = None,
        ticking: bool | None = None,
        space: str | None = None,
    ) -> Clock:
        """Freeze, tick from a moment, or travel.

        now: a moment with its offset, such as 2028-02-29T09:00:00-06:00
        advance: a period, such as P1D, PT90M or -P2W
        ticking: true or false
        space: a client_id, or * for all
        """
        found: Clock = await self._send(
            Call(
                "PUT",
                "/spaces/{space}/clock",
                names={"space": space},
                body={"now": now, "advance": advance, "ticking": ticking},
            )
        )
        return found

    async def release_clock(self, *, space: str | None = None) -> Clock:
        """Release the clock.

        space: a client_id, or * for all
        """
        found: Clock = await self._send(Call("DELETE", "/spaces/{space}/clock", names={"space": space}))
        return found

    async def show_profile(self, *, space: str | None = None) -> Profile:
        """How strict the bank's side is, and how it words errors.

        space: a client_id, or * for all
        """
        found: Profile = await self._send(Call("GET", "/spaces/{space}/profile", names={"space": space}))
        return found

    async def set_profile(
        self, *, profile: str | None = None, live_texts: bool | None = None, space: str | None = None
    ) -> Profile:
        """Choose checks and wording; what is left out stays as it is.

        profile: lenient, strict, or checks with commas between: clients, tokens, uuid, sid
        live_texts: true or false: whether errors are worded as live systems were seen to
        space: a client_id, or * for all
        """
        found: Profile = await self._send(
            Call(
                "PUT",
                "/spaces/{space}/profile",
                names={"space": space},
                body={"profile": profile, "liveTexts": live_texts},
            )
        )
        return found

    async def release_profile(self, *, space: str | None = None) -> Profile:
        """Release the profile.

        space: a client_id, or * for all
        """
        found: Profile = await self._send(Call("DELETE", "/spaces/{space}/profile", names={"space": space}))
        return found

    async def list_exchanges(
        self,
        match: Match | None = None,
        *,
        limit: int | None = None,
        wait: int | None = None,
        timeout: str | None = None,
        space: str | None = None,
    ) -> Exchanges:
        """The journal, newest first; waits for the n-th match if wanted.

        match: filters, each a parameter of its own
        limit: how many to show at most, a number
        wait: how many must match before the answer comes, a number
        timeout: how long to wait, a duration such as 5s; never longer than 60s
        space: a client_id, or * for all
        """
        found: Exchanges = await self._send(
            Call(
                "GET",
                "/spaces/{space}/exchanges",
                names={"space": space},
                query={"limit": limit, "wait": wait, "timeout": timeout, **(match or {})},
            )
        )
        return found

    async def clear_exchanges(self, *, space: str | None = None) -> None:
        """Clear the journal.

        space: a client_id, or * for all
        """
        await self._send(Call("DELETE", "/spaces/{space}/exchanges", names={"space": space}))

    def stream_exchanges(
        self, match: Match | None = None, *, last_event_id: int | None = None, space: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Exchange]]:
        """The journal live, as server-sent events.

        match: filters, each a parameter of its own
        last_event_id: the last exchange that was seen, a number; those behind it come first
        space: a client_id, or * for all
        """
        return self._stream(
            Call(
                "GET",
                "/spaces/{space}/exchanges/stream",
                names={"space": space},
                query={**(match or {})},
                headers={"Last-Event-ID": last_event_id},
            )
        )

    async def show_exchange(self, id: int, *, space: str | None = None) -> Exchange:
        """One exchange.

        id: the number of an exchange, as X-Sandbox-Exchange has it
        space: a client_id, or * for all
        """
        found: Exchange = await self._send(
            Call("GET", "/spaces/{space}/exchanges/{id}", names={"id": id, "space": space})
        )
        return found

    async def verify(
        self,
        *,
        match: DeepMatch | None = None,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        in_order: list[DeepMatch] | None = None,
        only: bool | None = None,
        timeout: str | None = None,
        space: str | None = None,
    ) -> Verification:
        """Was it called as expected? Answers yes, or no with what came closest.

        match: an object of filters, with headers and body if wanted; an exchange must fit all of them
        exactly: how many must match, a number
        at_least: how many must match at least, a number; 1 where nothing is said
        at_most: how many may match at most, a number
        in_order: a list of matches, to be met one after the other, whatever comes between
        only: true or false: whether no other call may have come
        timeout: how long to wait until it is true, such as 5s, at most 60s
        space: a client_id, or * for all
        """
        found: Verification = await self._send(
            Call(
                "POST",
                "/spaces/{space}/verify",
                names={"space": space},
                body={
                    "match": match,
                    "exactly": exactly,
                    "atLeast": at_least,
                    "atMost": at_most,
                    "inOrder": in_order,
                    "only": only,
                    "timeout": timeout,
                },
            )
        )
        return found

    async def coverage(self, *, space: str | None = None) -> Coverage:
        """Which errors and rules were exercised, and findings about the caller.

        space: a client_id, or * for all
        """
        found: Coverage = await self._send(Call("GET", "/spaces/{space}/coverage", names={"space": space}))
        return found

    async def issue_token(self, client_id: str, *, scope: str | None = None, lifetime: str | None = None) -> Token:
        """Issue a token without a login, by the clock of the client's space.

        client_id: the one that the calls will be made with
        scope: one of the scopes, or several with blanks between; /api/v1 where none is named
        lifetime: a duration such as 30m; 0s makes a token that has expired
        """
        found: Token = await self._send(
            Call("POST", "/tokens", body={"client_id": client_id, "scope": scope, "lifetime": lifetime})
        )
        return found

    async def begin_session(self, client_id: str) -> Session:
        """Begin a session without a key exchange.

        client_id: the one that the calls will be made with
        """
        found: Session = await self._send(Call("POST", "/sessions", body={"client_id": client_id}))
        return found

    async def show_session(self, sid: str) -> Session:
        """A session with its key, private part and all, to read what a client has encrypted.

        sid: the session's sid
        """
        found: Session = await self._send(Call("GET", "/sessions/{sid}", names={"sid": sid}))
        return found

    async def explain(
        self,
        *,
        operation: str | None = None,
        query: str | None = None,
        headers: dict[str, str] | None = None,
        body: Any = None,
        space: str | None = None,
    ) -> Decision:
        """A dry run: which rule would answer, why, and what it beats.

        operation: the operation that is called, the contract's own where none is named
        query: what stands behind the path's question mark
        headers: an object of texts; a valid request is meant where none are given
        body: the body, as JSON or as text
        space: the space to ask in; where none is named, that of the client_id in headers
        """
        found: Decision = await self._send(
            Call(
                "POST",
                "/explain",
                body={"operation": operation, "query": query, "headers": headers, "body": body, "space": space},
            )
        )
        return found

    async def reload(self) -> Reload:
        """Read the files again; a set with mistakes is reported and not used."""
        found: Reload = await self._send(Call("POST", "/reload"))
        return found

    async def reset(self) -> None:
        """Everything to as-started."""
        await self._send(Call("POST", "/reset"))
