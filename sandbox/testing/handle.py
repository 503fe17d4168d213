"""What one test has of a sandbox: a client_id, and so a space, of its own, and words to steer and to verify.

Rule 1: whatever a test places is placed in its own space.
Rule 2: what a test placed must have been met by a call; a failure that never happened proves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Literal, NamedTuple, TypeAlias, Unpack
from uuid import NAMESPACE_URL, uuid5

from sandbox.client import Client
from sandbox.client.shapes import DeepMatch, Exchange, Match
from sandbox.core.masking import masked_text
from sandbox.core.messages import IDENTITY_LENGTHS

from .expectations import Expected, failure

Section: TypeAlias = Literal["customerId", "cardNumber"]


class Customer(NamedTuple):
    """A customer whom the sandbox knows; `birthday` is `today` (on every day) or `MM-DD`."""

    customer_id: str
    card_number: str
    full_name: str
    segment: str
    birthday: str


# A customerId of up to 12 digits, a card number of more, a prefix of one of them with a * behind, or a customer.
Identity: TypeAlias = str | Customer


class Placed(NamedTuple):
    """What was placed: how a test said it, and the matches of which a call must fit one."""

    said: str
    matches: list[DeepMatch]


class Steered:
    """What `SegmentSandbox` and `Everybody` place; each names the customers in its own way."""

    def __init__(self, client: Client, placed: list[Placed]) -> None:
        self._client = client
        self._placed = placed

    def _put(
        self, said: str, places: Mapping[tuple[Section, str], Mapping[str, Any]], numbers: list[DeepMatch]
    ) -> None:
        __tracebackhide__ = True
        for (section, pattern), entry in places.items():
            self._client.place_override(
                section, pattern, {name: value for name, value in entry.items() if value is not None}
            )
        matches: list[DeepMatch] = [{**number, "rule": "override"} for number in numbers]
        self._placed.append(Placed(masked_text(said), matches or [{"rule": "override"}]))


class Everybody(Steered):
    """All customers at once. `times` counts for each number by itself."""

    def fail(self, error: str | int, *, times: int | None = None) -> None:
        """Answer everybody an error, by its name or status: so many times, or until the test is over."""
        self._place(f"everybody.fail({error!r})", {"error": error, "times": times})

    def slow(self, delay: str, *, times: int | None = None) -> None:
        """Answer everybody late: `2s`, `800ms`. Customers of scenario files are made up meanwhile."""
        self._place(f"everybody.slow({delay!r})", {"customer": "synthetic", "delay": delay, "times": times})

    def break_line(self, fault: str, *, times: int | None = None) -> None:
        """Inject a network fault into everybody's calls."""
        self._place(f"everybody.break_line({fault!r})", {"fault": fault, "times": times})

    def _place(self, said: str, entry: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        self._put(said, {("customerId", "*"): entry, ("cardNumber", "*"): entry}, [])


class SegmentSandbox(Steered):
    """The sandbox of one test."""

    def __init__(self, client: Client, example_headers: Mapping[str, str], placed: list[Placed]) -> None:
        super().__init__(client, placed)
        self._example_headers = example_headers
        self._token: str | None = None
        self._uuids = count(1)
        self.everybody = Everybody(client, placed)

    @property
    def url(self) -> str:
        """The base URL: what the application is told instead of the bank's."""
        return self._client.url

    @property
    def client_id(self) -> str:
        """The client_id of this test, which is also the name of its space."""
        assert self._client.space
        return self._client.space

    @property
    def headers(self) -> dict[str, str]:
        """All headers that a call needs, with a new uuid each time, and the token of the last login."""
        uuid = str(uuid5(NAMESPACE_URL, f"{self.client_id}/{next(self._uuids)}"))
        token = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {**self._example_headers, "client_id": self.client_id, "uuid": uuid, **token}

    def customer(self, birthday: str | None = None, segment: str | None = None, country: str | None = None) -> Customer:
        """Return a customer with these properties whom no other test has. `birthday` is `today` or `MM-DD`."""
        __tracebackhide__ = True
        made = self._client.make_customer(birthday=birthday, segment=segment, country=country)
        assert made["customerId"], "whoever is made up has a customerId"
        assert made["cardNumber"], "and a card number"
        return Customer(
            made["customerId"], made["cardNumber"], made["fullName"], made["customerSegment"], made["birthday"]
        )

    def fail(self, identity: Identity, error: str | int, *, times: int | None = None) -> None:
        """Answer an error, by its name or status: so many times, or until the test is over."""
        __tracebackhide__ = True
        self._place(f"fail({_shown(identity)}, {error!r})", identity, {"error": error, "times": times})

    def slow(self, identity: Identity, delay: str, *, times: int | None = None) -> None:
        """Answer what would be answered anyway, but late: `2s`, `800ms`."""
        __tracebackhide__ = True
        entry = {"customer": self._known(identity), "delay": delay, "times": times}
        self._place(f"slow({_shown(identity)}, {delay!r})", identity, entry)

    def break_line(self, identity: Identity, fault: str, *, times: int | None = None) -> None:
        """Inject a network fault, such as `connectionReset`, instead of an answer or into it."""
        __tracebackhide__ = True
        self._place(f"break_line({_shown(identity)}, {fault!r})", identity, {"fault": fault, "times": times})

    def freeze(self, now: str) -> None:
        """Stop the clock at a moment: a day, or an instant with its offset."""
        __tracebackhide__ = True
        self._client.set_clock(now=now, ticking=False)

    def advance(self, period: str) -> None:
        """Travel in time: `31m`, `1d`, `-2w`, `P1D`."""
        __tracebackhide__ = True
        self._client.set_clock(advance=period)

    def login(self) -> str:
        """Return a token for this client_id, issued now by the clock of its space; `headers` carry it from now on."""
        __tracebackhide__ = True
        self._token = self._client.issue_token(self.client_id)["access_token"]
        return self._token

    def calls(self, **match: Unpack[Match]) -> list[Exchange]:
        """Return the calls that fit a match, all where nothing is said; the oldest first."""
        __tracebackhide__ = True
        found = self._client.list_exchanges(match, limit=999_999_999)
        return found["exchanges"][::-1]

    def assert_called(self, **expected: Unpack[Expected]) -> None:
        """Fail unless so many calls fit: `exactly`, `atLeast` or `atMost`; at least one where nothing is said."""
        __tracebackhide__ = True
        if why := failure(self._client, expected):
            raise AssertionError(why)

    def assert_only(self, **expected: Unpack[Expected]) -> None:
        """Fail unless so many calls fit and no other came."""
        __tracebackhide__ = True
        if why := failure(self._client, expected, is_only=True):
            raise AssertionError(why)

    def _place(self, said: str, identity: Identity, entry: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        if isinstance(identity, Customer):
            # One entry for both numbers, so that they count together.
            places = {_place(identity.customer_id): {**entry, "cardNumber": identity.card_number}}
            numbers: list[DeepMatch] = [{"customerId": identity.customer_id}, {"cardNumber": identity.card_number}]
        else:
            section, number = _place(identity)
            places = {(section, number): dict(entry)}
            numbers = [] if number.endswith("*") else [_number(section, number)]
        self._put(said, places, numbers)

    def _known(self, identity: Identity) -> Mapping[str, str] | str:
        """Return the customer as an entry says it; made up where it is a prefix."""
        __tracebackhide__ = True
        number = identity.customer_id if isinstance(identity, Customer) else identity
        if number.endswith("*"):
            return "synthetic"
        known = self._client.show_customer(number)
        return {name: known[name] for name in ("fullName", "customerSegment", "birthday")}


class Visit:
    """One test's stay in a sandbox, from an empty space to an empty space."""

    def __init__(self, client: Client, handle: SegmentSandbox, placed: Sequence[Placed]) -> None:
        self.handle = handle
        self._client = client
        self._placed = placed

    def set_profile(self, profile: str) -> list[str]:
        """Make the bank's side as strict as a profile says, and return what is checked. Raises Problem."""
        return self._client.set_profile(profile=profile)["checks"]

    def unmet(self) -> Iterator[str]:
        """Go through what was placed and no call met, as the test said it. What is forgotten may have been met."""
        for placed in self._placed:
            verdicts = [self._client.verify(match=match)["verified"] for match in placed.matches]
            if all(verdict is False for verdict in verdicts):
                yield placed.said

    def end(self) -> None:
        """Leave nothing behind, and close the connections."""
        try:
            self._client.reset_space()
        finally:
            self._client.close()


def _place(number: str) -> tuple[Section, str]:
    is_card = len(number.removesuffix("*")) > IDENTITY_LENGTHS["customerId"]
    return ("cardNumber" if is_card else "customerId"), number


def _number(section: Section, number: str) -> DeepMatch:
    return {"cardNumber": number} if section == "cardNumber" else {"customerId": number}


def _shown(identity: Identity) -> str:
    return repr(identity.customer_id if isinstance(identity, Customer) else identity)
