"""What the control API takes and answers. Made from its document by `make docs`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Json: TypeAlias = dict[str, Any]


class HealthContract(TypedDict):
    """The bank's document."""

    title: str
    """The document's title."""
    version: str
    """The document's version."""


class HealthScenarios(TypedDict):
    """What was read."""

    files: list[str]
    """The files."""
    layers: list[str]
    """The layers, the lowest first; later ones win."""
    entries: int
    """How many entries there are."""
    customerId: int
    """How many of them by customerId."""
    cardNumber: int
    """How many of them by cardNumber."""
    named: int
    """How many of them by name."""
    companion: int
    """How many of them for login and key exchange."""


class Health(TypedDict):
    """How the sandbox is."""

    status: Literal["ok", "degraded"]
    """Degraded: the files have mistakes, and the last good set answers."""
    version: str
    """The sandbox's version."""
    contract: HealthContract
    """The bank's document."""
    dataVersion: str
    """The version of the data that names are made from."""
    profile: str
    """What is checked where a space says nothing itself."""
    liveTexts: bool
    """Whether errors are worded as live systems were seen to."""
    seed: NotRequired[str]
    """The world's seed; on loopback alone, because whoever has it can sign tokens."""
    evictedSpaces: int
    """How many spaces with settings had to go since the start."""
    scenarios: HealthScenarios
    """What was read."""
    lastReload: Reload


class ReloadMistakes(TypedDict):
    """One of the mistakes."""

    file: str
    """The file."""
    line: int
    """The line."""
    message: str
    """What was found and what was expected."""


class ReloadWarnings(TypedDict):
    """One of the warnings."""

    file: str
    """The file."""
    line: int
    """The line."""
    message: str
    """What looks wrong."""


class ReloadNotes(TypedDict):
    """One of the notes."""

    file: str
    """The file."""
    line: int
    """The line."""
    message: str
    """What it is."""


class Reload(TypedDict):
    """One reading of the files."""

    at: str
    """When."""
    ok: bool
    """Whether the set is in use."""
    mistakes: list[ReloadMistakes]
    """What was wrong with the files."""
    warnings: list[ReloadWarnings]
    """Likely slips in the files; they are in use all the same."""
    notes: list[ReloadNotes]
    """What is good to know: which entry hides one of an earlier layer, which file was left alone."""


class CatalogueEntry(TypedDict):
    """One error and all ways to have it: documented ones have type, code and texts, the gateway's a body."""

    status: int
    """The HTTP status."""
    type: NotRequired[str]
    """The type of a documented error."""
    code: NotRequired[str]
    """The code of a documented error."""
    gateway: NotRequired[str]
    """The name of a gateway's error."""
    texts: NotRequired[dict[str, dict[str, str]]]
    """The texts of a documented error by language."""
    body: NotRequired[Json]
    """The body of a gateway's error."""
    customerId: str | None
    """The customerId that is answered so."""
    cardNumber: str | None
    """The cardNumber that is answered so."""
    headers: list[str]
    """The request headers that are answered so."""
    yaml: str
    """The line of a scenario file."""


class CustomerWish(TypedDict):
    """Birthday, segment, country and space, as far as wanted."""

    birthday: NotRequired[str]
    """Today or MM-DD."""
    segment: NotRequired[str]
    """A segment code as text, such as "20"."""
    country: NotRequired[str]
    """A country code, such as MX; the world's first where none is named."""
    space: NotRequired[str]
    """The space whose clock says what today is."""


class Customer(TypedDict):
    """A customer with the numbers that lead to it."""

    country: str
    """The country that it is a customer in."""
    customerId: str | None
    """Its customerId."""
    cardNumber: str | None
    """Its card number, whole: it is the sandbox's own."""
    fullName: str
    """Its name."""
    customerSegment: str
    """Its segment."""
    birthday: str
    """Today (on every day), never or MM-DD."""
    birthdayTodayFlag: bool
    """Whether today is the birthday, in its country."""
    scenario: str | None
    """The file and line where it is written down."""


class Space(TypedDict):
    """What belongs to one client_id."""

    space: str
    """Its name: a client_id, or * for all."""
    usedAt: str
    """When it was used last."""
    exchanges: int
    """How many exchanges its journal has."""
    overrides: int
    """How many overrides it has."""
    clock: Clock
    profile: Profile


Entry: TypeAlias = Json


class ScenarioFile(TypedDict):
    """What a scenario file says: sections of entries by number or name; expires, too, is allowed in each."""

    description: NotRequired[str]
    """What the file is for."""


class Override(TypedDict):
    """A scenario placed at run time; the one of customerId, cardNumber, named and companion says what it is for."""

    customerId: NotRequired[str]
    """The customerId or the prefix."""
    cardNumber: NotRequired[str]
    """The card number or the prefix."""
    named: NotRequired[str]
    """The name that X-Sandbox-Scenario asks for."""
    companion: NotRequired[str]
    """The companion call."""
    entry: Entry
    """The entry as it was sent."""
    expiresAt: str | None
    """When it is gone."""
    answered: int
    """How often it has answered."""
    left: int | None
    """How many answers it has left; null where nothing bounds them, also for a prefix, which counts each number by
    itself.
    """


class ClockWish(TypedDict):
    """Now or advance, and ticking if wanted."""

    now: NotRequired[str]
    """A moment with its offset, such as 2028-02-29T09:00:00-06:00."""
    advance: NotRequired[str]
    """A period, such as P1D, PT90M or -P2W."""
    ticking: NotRequired[bool]
    """True or false."""


class Clock(TypedDict):
    """What time it is in a space."""

    now: str
    """The moment."""
    ticking: bool
    """Whether it goes on."""
    setBy: Literal["space", "all", "machine"]
    """Whose word counts: the space's own, that for all, or nobody's."""
    today: dict[str, str]
    """Which day that is in each country."""


class ProfileWish(TypedDict):
    """Profile, liveTexts or both."""

    profile: NotRequired[str]
    """Lenient, strict, or checks with commas between: clients, tokens, uuid, sid."""
    liveTexts: NotRequired[bool]
    """True or false: whether errors are worded as live systems were seen to."""


class Profile(TypedDict):
    """How strict the bank's side is in a space."""

    profile: str
    """Lenient, strict, or the checks with commas between."""
    checks: list[str]
    """What is checked."""
    liveTexts: bool
    """Whether errors are worded as live systems were seen to."""
    setBy: Literal["space", "all", "settings"]
    """Whose word counts: the space's own, that for all, or the settings'."""


class Match(TypedDict):
    """An object of filters; an exchange must fit all of them."""

    method: NotRequired[str]
    """A method, such as POST."""
    path: NotRequired[str]
    """The path of the call."""
    operation: NotRequired[str]
    """The operationId of the call, such as retrieve-customer-segment, token or e2eKey."""
    status: NotRequired[int]
    """Three digits, such as 404."""
    rule: NotRequired[str]
    """The rule that answered."""
    code: NotRequired[str]
    """The code of the error."""
    uuid: NotRequired[str]
    """The uuid of the call."""
    fault: NotRequired[str]
    """The name of a network fault."""
    scenario: NotRequired[str]
    """File and line of the scenario."""
    customerId: NotRequired[str]
    """The full number, digits."""
    cardNumber: NotRequired[str]
    """The full number, digits."""
    since: NotRequired[str]
    """A moment with its offset, such as 2028-02-29T09:00:00-06:00."""
    until: NotRequired[str]
    """A moment with its offset, such as 2028-02-29T09:00:00-06:00."""


class DeepMatch(TypedDict):
    """An object of filters, with headers and body if wanted; an exchange must fit all of them."""

    method: NotRequired[str]
    """A method, such as POST."""
    path: NotRequired[str]
    """The path of the call."""
    operation: NotRequired[str]
    """The operationId of the call, such as retrieve-customer-segment, token or e2eKey."""
    status: NotRequired[int]
    """Three digits, such as 404."""
    rule: NotRequired[str]
    """The rule that answered."""
    code: NotRequired[str]
    """The code of the error."""
    uuid: NotRequired[str]
    """The uuid of the call."""
    fault: NotRequired[str]
    """The name of a network fault."""
    scenario: NotRequired[str]
    """File and line of the scenario."""
    customerId: NotRequired[str]
    """The full number, digits."""
    cardNumber: NotRequired[str]
    """The full number, digits."""
    since: NotRequired[str]
    """A moment with its offset, such as 2028-02-29T09:00:00-06:00."""
    until: NotRequired[str]
    """A moment with its offset, such as 2028-02-29T09:00:00-06:00."""
    headers: NotRequired[dict[str, str]]
    """An object of headers of the contract with their values."""
    body: NotRequired[Json]
    """An object of fields of the body with their values."""


class Violation(TypedDict):
    """One breach of the contract."""

    error: str
    """The documented error that it deserves."""
    location: str
    """Where it is."""
    reason: str
    """Why."""


class Exchange(TypedDict):
    """One call with its decision; card numbers and credentials are masked."""

    id: int
    """Its number, as X-Sandbox-Exchange has it."""
    at: str
    """When, by the machine's clock."""
    space: str
    """Whose call it was."""
    method: str
    """The method."""
    path: str
    """The path."""
    query: str
    """The query."""
    operation: str | None
    """The operationId; null where the call never became one."""
    headers: dict[str, str]
    """The request headers by their names in lower case."""
    duplicated: list[str]
    """The headers of which one value came more than once."""
    body: str
    """The request body."""
    customerId: str | None
    """The customerId that was asked about."""
    cardNumber: str | None
    """The card number that was asked about."""
    status: int
    """The status that was answered."""
    rule: str
    """The rule that answered."""
    reason: str
    """Why it answered so."""
    code: str | None
    """The code of the error."""
    reply: str
    """The body of the answer."""
    violations: list[Violation]
    """All breaches of the contract."""
    warning: str | None
    """What the sandbox warned of."""
    delay: float
    """The delay in seconds."""
    fault: str | None
    """The network fault."""
    scenario: str | None
    """File and line of the scenario."""


class Exchanges(TypedDict):
    """A page of the journal."""

    count: int
    """How many match, shown or not."""
    exchanges: list[Exchange]
    """Those that are shown, newest first."""
    note: NotRequired[str]
    """That the space never appeared, and which one was probably meant."""


class Expectation(TypedDict):
    """Match with one of exactly, atLeast and atMost; or inOrder; each with only and timeout if wanted."""

    match: NotRequired[DeepMatch]
    exactly: NotRequired[int]
    """How many must match, a number."""
    atLeast: NotRequired[int]
    """How many must match at least, a number; 1 where nothing is said."""
    atMost: NotRequired[int]
    """How many may match at most, a number."""
    inOrder: NotRequired[list[DeepMatch]]
    """A list of matches, to be met one after the other, whatever comes between."""
    only: NotRequired[bool]
    """True or false: whether no other call may have come."""
    timeout: NotRequired[str]
    """How long to wait until it is true, such as 5s, at most 60s."""


class VerificationClosest(TypedDict):
    """The exchange that came closest to a match."""

    exchange: Exchange
    differences: list[str]
    """In what it is not what was expected."""


class VerificationForgotten(TypedDict):
    """The calls that would tell."""

    calls: int
    """How many."""
    since: str
    """When the first of them came."""
    setting: str
    """The setting that keeps more."""


class Verification(TypedDict):
    """Whether the calls were as expected."""

    verified: bool | None
    """Whether they were; null where calls that the journal has forgotten would tell."""
    count: NotRequired[int]
    """How many match; not for inOrder."""
    message: str
    """What was expected and what was found, for a failed test's output."""
    closest: NotRequired[VerificationClosest]
    """The exchange that came closest to a match."""
    forgotten: NotRequired[VerificationForgotten]
    """The calls that would tell."""


class CoverageNeverSeen(TypedDict):
    """What no call has exercised."""

    errors: list[str]
    """Documented errors."""
    rules: list[str]
    """Rules."""


class CoverageFindings(TypedDict):
    """One of the findings."""

    finding: str
    """What it is about."""
    detail: str
    """What was found."""
    calls: int
    """In how many calls."""


class Coverage(TypedDict):
    """What a space's calls have exercised."""

    operations: Counts
    errors: Counts
    rules: Counts
    faults: Counts
    others: dict[str, Json]
    """Errors and rules of the other operations, by their names."""
    neverSeen: CoverageNeverSeen
    """What no call has exercised."""
    findings: list[CoverageFindings]
    """What the caller could do better."""
    note: NotRequired[str]
    """That the space never appeared, and which one was probably meant."""


Counts: TypeAlias = dict[str, int]


class TokenWish(TypedDict):
    """Client_id, and scope and lifetime if wanted."""

    client_id: str
    """The one that the calls will be made with."""
    scope: NotRequired[str]
    """One of the scopes, or several with blanks between; /api/v1 where none is named."""
    lifetime: NotRequired[str]
    """A duration such as 30m; 0s makes a token that has expired."""


class Token(TypedDict):
    """A bearer token."""

    token_type: Literal["Bearer"]
    """Always Bearer."""
    access_token: str
    """The token."""
    expires_in: int
    """How many seconds it lasts."""
    consented_on: int
    """When it was issued, in seconds since 1970, by the clock of the space."""
    scope: str
    """What it is for."""


class SessionWish(TypedDict):
    """An object with client_id."""

    client_id: str
    """The one that the calls will be made with."""


class Session(TypedDict):
    """A session with its key."""

    sid: str
    """What the calls carry as sid."""
    key: SessionKey


class SessionKey(TypedDict):
    """A JSON Web Key (RFC 7517), private part and all; it is a public test key."""

    kty: Literal["RSA"]
    """Always RSA."""
    kid: str
    """The key's name."""
    n: str
    """The modulus."""
    e: str
    """The exponent."""
    d: str
    """The private exponent."""
    p: str
    """The first prime factor."""
    q: str
    """The second prime factor."""
    dp: str
    """The first factor's exponent."""
    dq: str
    """The second factor's exponent."""
    qi: str
    """The coefficient."""


class Question(TypedDict):
    """Headers and body, and an operation or a space if wanted."""

    operation: NotRequired[str]
    """The operation that is called, the contract's own where none is named."""
    query: NotRequired[str]
    """What stands behind the path's question mark."""
    space: NotRequired[str]
    """The space to ask in; where none is named, that of the client_id in headers."""
    headers: NotRequired[dict[str, str]]
    """An object of texts; a valid request is meant where none are given."""
    body: NotRequired[Any]
    """The body, as JSON or as text."""


class DecisionBeats(TypedDict):
    """One of the beats."""

    rule: str
    """The rule."""
    reason: str
    """Why it would have answered."""
    status: int
    """The HTTP status."""


class Decision(TypedDict):
    """What a call would be answered, and why."""

    rule: str
    """The rule that would answer."""
    reason: str
    """Why."""
    status: int
    """The HTTP status."""
    code: str | None
    """The code of the error."""
    body: Json
    """The body of the answer."""
    delay: float
    """The delay in seconds."""
    fault: str | None
    """The network fault."""
    scenario: str | None
    """File and line of the scenario."""
    violations: list[Violation]
    """All breaches of the contract."""
    warning: str | None
    """What the sandbox would warn of."""
    beats: list[DecisionBeats]
    """The rules that would have answered otherwise, in the order of precedence."""
