"""Clients that others' generators make by the commands of docs/clients.md read every outcome of the contract."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import httpx2
import pytest

from tests.spec.conftest import CONTRACT, ERRORS, GATEWAY_ERRORS, HEADERS, OPERATION, Serve, Server
from tests.tools import require

from .pages import MODULES, NPM_INSTALL, ROOT, block, run

PAGE = ROOT / "docs" / "clients.md"
pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
PIP = "pip install -e '.[dev]'"
JDK = "apt-get install openjdk-17-jdk-headless libgeronimo-annotation-1.3-spec-java"


class Language(NamedTuple):
    """What a language needs, with what brings it; the page's example, as a file; the program that makes all calls.

    `doubled` are the headers that its client sends twice.
    """

    needs: Mapping[str | Path, str]
    example: str
    program: str
    command: str
    doubled: frozenset[str] = frozenset()


LANGUAGES = {
    "java": Language(
        {
            "javac": JDK,
            "/usr/share/java/geronimo-annotation-1.3-spec.jar": JDK,
            BIN / "openapi-generator-cli": PIP,
        },
        "Segment.java",
        "Outcomes.java",
        'java -cp "$jars:classes" Outcomes',
        frozenset({"Accept", "Content-Type"}),
    ),
    "typescript": Language({MODULES / ".bin" / "tsc": NPM_INSTALL}, "segment.mts", "outcomes.mts", "node outcomes.mjs"),
    "python": Language({BIN / "openapi-python-client": PIP}, "segment.py", "outcomes.py", "python outcomes.py"),
}


class Outcome(NamedTuple):
    """One documented answer: status, name of its schema, example; `body` asks for it where the contract says how."""

    status: int
    model: str
    value: Mapping[str, Any]
    body: Mapping[str, str] | None = None


def of_bank() -> Iterator[tuple[str, Outcome]]:
    """Go through what the contract documents: the customer by every example of a request, then each error."""
    success = _content(OPERATION["responses"]["200"])
    (customer,) = success["examples"].values()
    for name, example in _content(OPERATION["requestBody"])["examples"].items():
        yield name, Outcome(200, _model(success), customer["value"], example["value"])
    for name, (status, value) in ERRORS.items():
        yield name, Outcome(status, _model(_content(OPERATION["responses"][str(status)])), value)


def of_gateway() -> Iterator[tuple[str, Outcome]]:
    for name, (status, value) in GATEWAY_ERRORS.items():
        yield name, Outcome(status, _model(_content(CONTRACT["components"]["responses"][f"Gateway{status}"])), value)


def _content(part: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = part["content"]["application/json"]
    return content


def _model(content: Mapping[str, Any]) -> str:
    return str(content["schema"]["$ref"].rpartition("/")[2])


BANK, GATEWAY = dict(of_bank()), dict(of_gateway())
OUTCOMES = BANK | GATEWAY
# By the flag with which the server runs.
DOCUMENTED = {"": BANK, "--gateway-in-contract": OUTCOMES}
CLIENTS = [(name, flag) for name in LANGUAGES for flag in DOCUMENTED]


def client_and(client: tuple[str, str], *more: str) -> Any:
    """Return a client as a parameter, with more behind it."""
    return pytest.param(client, *more, id="-".join(["".join(client), *more]))


each_client = pytest.mark.parametrize("generated", [client_and(client) for client in CLIENTS], indirect=True)


class Generated(NamedTuple):
    """A generated client that has made all calls: what the page's example printed, and what it read, by outcome."""

    server: Server
    space: str
    printed: str
    answers: Mapping[str, Mapping[str, Any]]

    def coverage(self) -> Any:
        return httpx2.get(f"{self.server.url}/_sandbox/spaces/{self.space}/coverage").json()


Made: TypeAlias = tuple[Server, Path, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def make(serve_once: Serve, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Made]:
    """Make a client by the commands of the page, and all calls with it in one run; each client once."""

    @cache
    def make_once(name: str, flag: str) -> Made:
        language, server, folder = LANGUAGES[name], serve_once(*filter(None, [flag])), tmp_path_factory.mktemp(name)
        (folder / "node_modules").symlink_to(MODULES)
        (folder / language.example).write_text(block(PAGE, language.example), "utf-8")
        shutil.copy(Path(__file__).with_name(language.program), folder)
        if flag:
            shutil.copy(Path(__file__).with_name("gateway.mts"), folder)
        (folder / "calls.json").write_text(json.dumps(list(_calls(server, f"{name}{flag}"))), "utf-8")
        commands = block(PAGE, name).strip()
        script = f"{commands} > printed\n{language.command} {server.url} < calls.json > answers.json"
        return server, folder, run(script, folder, server.url)

    return make_once


@pytest.fixture
def generated(request: pytest.FixtureRequest, make: Callable[[str, str], Made]) -> Generated:
    """The client of a language, made of the document as a flag wants it."""
    name, flag = request.param
    for tool, install in LANGUAGES[name].needs.items():
        require(tool, install)
    server, folder, result = make(name, flag)
    assert result.returncode == 0, result.stdout + result.stderr
    answers = json.loads((folder / "answers.json").read_text("utf-8"))
    printed = (folder / "printed").read_text("utf-8")
    return Generated(server, f"{name}{flag}", printed, dict(zip(OUTCOMES, answers, strict=True)))


def _calls(server: Server, space: str) -> Iterator[dict[str, Any]]:
    errors = httpx2.get(f"{server.url}/_sandbox/errors").json()
    numbers = {error.get("code") or error["gateway"]: error["customerId"] for error in errors}
    for n, (name, outcome) in enumerate(OUTCOMES.items()):
        headers = {**HEADERS, "client_id": space, "uuid": str(UUID(int=n))}
        yield {"headers": headers, "body": outcome.body or {"customerId": numbers[name]}, "model": outcome.model}


@pytest.mark.parametrize(
    ("generated", "name"),
    [client_and(client, name) for client in CLIENTS for name in DOCUMENTED[client[1]]],
    indirect=["generated"],
)
def test_a_generated_client_reads_each_documented_outcome(generated: Generated, name: str) -> None:
    outcome, answer = OUTCOMES[name], generated.answers[name]
    assert answer["status"] == outcome.status
    assert {key: answer["body"].get(key) for key in outcome.value} == outcome.value
    assert answer.get("model", outcome.model) == outcome.model


@each_client
def test_the_example_of_the_page_prints_what_the_page_says(generated: Generated) -> None:
    assert generated.printed == block(PAGE, "output")


@each_client
def test_a_generated_client_leaves_no_documented_error_unseen(generated: Generated) -> None:
    assert generated.coverage()["neverSeen"]["errors"] == []


@each_client
def test_coverage_mentions_what_a_generated_client_sends_twice(generated: Generated) -> None:
    findings = [each for each in generated.coverage()["findings"] if each["finding"] != "optional header missing"]
    language = LANGUAGES[generated.space.partition("-")[0]]
    assert {each["finding"] for each in findings} <= {"header sent twice"}
    assert {each["detail"].split()[0] for each in findings} == language.doubled


@pytest.mark.parametrize(
    ("generated", "name"), [client_and(("python", ""), name) for name in GATEWAY], indirect=["generated"]
)
def test_without_the_flag_a_generated_client_knows_nothing_of_the_gateway(generated: Generated, name: str) -> None:
    assert generated.answers[name] == {"status": GATEWAY[name].status, "model": "NoneType", "body": None}
