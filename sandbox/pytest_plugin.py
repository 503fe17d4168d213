"""The pytest plugin: a test that names the fixture `segment_sandbox` has a running sandbox, and writes nothing.

Rule 1: there is one server for the same scenario directories, however many workers pytest-xdist has.
Rule 2: each test has a space of its own; at its end what it placed must have been met, and nothing of it is left.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from .tether import Address, Colleague, Office, Servers, StartFailure

# Everything else is imported by the fixture that needs it: the plugin is loaded for tests that don't know of it, too.
if TYPE_CHECKING:
    from .testing import InProcessSandbox, SegmentSandbox
    from .testing.handle import Visit
    from .testing.in_process import Process

MARKER = "segment_sandbox"
_MARKER_HELP = (
    f"{MARKER}(scenarios=..., profile=..., verify=True): the sandbox of a test: a directory of scenario files, or a "
    "list of them, as seen from the test's file; how strict the bank's side is; whether all that it placed must be met"
)
_ADDRESS = "segment_sandbox_address"
_VISITS = pytest.StashKey[list["Visit"]]()
_OWNER = pytest.StashKey["_Owner"]()
_TESTS = count(1)


class Server(NamedTuple):
    """The sandbox of a test run."""

    url: str


class _Wish(NamedTuple):
    """What the markers of a test say; for each word the closest counts."""

    scenarios: tuple[Path, ...] = ()
    profile: str | None = None
    verify: bool = True


class _Owner:
    """The servers that this process owns, and where its workers ask for them."""

    def __init__(self) -> None:
        self.servers = Servers()
        self._office: Office | None = None

    def address(self) -> Address:
        self._office = self._office or Office(self.servers)
        return self._office.address

    def close(self) -> None:
        if self._office:
            self._office.close()
        self.servers.close()


class _ForWorkers:
    """What only pytest-xdist knows of."""

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a new worker where to ask for servers."""
        node.workerinput[_ADDRESS] = node.config.stash[_OWNER].address()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and get ready for workers where there may be some."""
    config.addinivalue_line("markers", _MARKER_HELP)
    config.stash[_OWNER] = _Owner()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_ForWorkers())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop all servers that this process owns."""
    config.stash[_OWNER].close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, where something that it placed was met by no call."""
    result = yield
    for visit in item.stash.get(_VISITS, ()):
        if unmet := list(visit.unmet()):
            came = ", ".join(f"{each['status']} by {each['rule']}" for each in visit.handle.calls()) or "none"
            why = f"no call met {', '.join(unmet)}; the calls that came: {came}"
            raise _failed(f"{why}. Where that is meant, mark the test {MARKER}(verify=False)")
    return result


@pytest.fixture(scope="session")
def segment_sandbox_server(request: pytest.FixtureRequest) -> Server:
    """The sandbox of this test run, with the scenario files that ship."""
    return Server(_url(request.config, ()))


@pytest.fixture
def segment_sandbox(request: pytest.FixtureRequest) -> "Iterator[SegmentSandbox]":
    """The sandbox of this test, in a space of its own."""
    _needs_httpx2()
    from .client import Client
    from .testing.handle import Placed, SegmentSandbox, Visit

    wish, placed = _wish(request.node), list[Placed]()
    client = Client(_url(request.config, wish.scenarios), _client_id(request.config))
    handle = SegmentSandbox(client, _example_headers(), placed)
    with _staying(request.node, wish, Visit(client, handle, placed)):
        yield handle


@pytest.fixture
def segment_sandbox_in_process(
    request: pytest.FixtureRequest, _segment_sandbox_processes: "dict[tuple[Path, ...], Process]"
) -> "Iterator[InProcessSandbox]":
    """The sandbox of this test, in a space of its own, in this process: for httpx2 and ASGI clients."""
    _needs_httpx2()
    from .client import Client
    from .testing import InProcessSandbox
    from .testing.handle import Placed, Visit
    from .testing.in_process import URL

    wish, placed = _wish(request.node), list[Placed]()
    if wish.scenarios not in _segment_sandbox_processes:
        _segment_sandbox_processes[wish.scenarios] = _process(wish.scenarios)
    process = _segment_sandbox_processes[wish.scenarios]
    client = Client(URL, _client_id(request.config), transport=process.transport)
    handle = InProcessSandbox(client, _example_headers(), placed, process)
    with _staying(request.node, wish, Visit(client, handle, placed)):
        yield handle


@pytest.fixture(scope="session")
def _segment_sandbox_processes() -> "Iterator[dict[tuple[Path, ...], Process]]":
    processes: dict[tuple[Path, ...], Process] = {}
    yield processes
    for process in processes.values():
        process.close()


def _process(scenarios: tuple[Path, ...]) -> "Process":
    from .files.loader import ScenarioMistakes
    from .testing.in_process import Process

    try:
        return Process(scenarios)
    except ScenarioMistakes as mistakes:
        raise _failed("\n".join(map(str, (*mistakes.mistakes, mistakes)))) from None


@contextmanager
def _staying(item: pytest.Item, wish: _Wish, visit: "Visit") -> Iterator[None]:
    from .client import Problem

    try:
        if wish.profile is not None:
            _set_profile(visit, wish.profile)
        if wish.verify:
            item.stash.setdefault(_VISITS, []).append(visit)
        yield
    except Problem as problem:
        raise _failed(f"{MARKER}: {problem}") from None
    finally:
        visit.end()


def _set_profile(visit: "Visit", profile: str) -> None:
    from .core.credentials import CHECKS

    if "clients" in visit.set_profile(profile):
        others = ",".join(name for name in CHECKS if name != "clients")
        raise _failed(
            f"{MARKER}: the profile {profile!r} lets registered clients in only, and each test has a client_id of its "
            f"own; say profile={others!r}"
        )


def _url(config: pytest.Config, scenarios: tuple[Path, ...]) -> str:
    """Return the base URL of the server with these scenario files, asked of who owns the servers of this run."""
    flags = [word for directory in scenarios for word in ("--scenarios", str(directory))]
    address: Address | None = getattr(config, "workerinput", {}).get(_ADDRESS)
    try:
        return (Colleague(address) if address else config.stash[_OWNER].servers).url(flags)
    except StartFailure as failure:
        raise _failed(f"the sandbox did not start:\n{failure}") from None


def _wish(item: pytest.Item) -> _Wish:
    """Read the markers of a test. Raises UsageError for what they can't say."""
    said: dict[str, Any] = {}
    for marker in item.iter_markers(MARKER):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _Wish._fields)]
        if unknown:
            raise pytest.UsageError(f"{MARKER}: found {unknown[0]}, expected {', '.join(_Wish._fields)} with =")
        said = {**marker.kwargs, **said}
    scenarios = said.pop("scenarios", ())
    places = [scenarios] if isinstance(scenarios, str | Path) else scenarios
    paths = tuple((item.path.parent / place).resolve() for place in places)
    for path in paths:
        if not path.exists():
            raise pytest.UsageError(f"{MARKER}: scenarios: there is no {path}")
    return _Wish(paths, **said)


def _client_id(config: pytest.Config) -> str:
    """Return a client_id that no other test of this run has."""
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    return f"pytest-{worker}-{next(_TESTS)}"


@cache
def _example_headers() -> Mapping[str, str]:
    from .files.shipped import load_contract

    return load_contract().main.example_headers


def _needs_httpx2() -> None:
    try:
        import httpx2  # noqa: F401
    except ImportError:
        raise _failed("the fixtures need more than the sandbox: pip install 'segment-sandbox[pytest]'") from None


def _failed(why: str) -> BaseException:
    """Return what fails a test without a trace of ours."""
    return pytest.fail.Exception(why, pytrace=False)
