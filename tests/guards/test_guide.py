"""README and guide promise only what runs: tables are made from the product, examples executed, names looked up."""

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
import yaml

from sandbox.cli import commands
from sandbox.cli.hosting import VARIABLES
from sandbox.console.guide import headings, read_documents, target
from sandbox.control.operations import PREFIX, operations
from sandbox.core.directives import REQUEST_HEADERS, RESPONSE_HEADERS
from sandbox.runtime import Sandbox
from sandbox.server.app import Shell

from .guide import DOCUMENTS, README, ROOT, Block, all_commands, block, blocks, renewed, tokens

USUAL_ADDRESS = "127.0.0.1:8080"
# Blocks with tests of their own, here or in another file.
LABELS = {"run", "test", "session", "install", "pipx", "docker", "java", "typescript", "python", "output"}
# Documents whose Python tests/guards/test_python_docs.py executes.
FOR_PYTHON = {"client.md", "pytest.md"}
every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, **more}


class Reader:
    """Somebody who does what a document shows, in a directory of their own."""

    def __init__(self, directory: Path, servers: ExitStack) -> None:
        self.directory = directory
        self._servers = servers
        self._address = ""

    def follow(self, block: Block) -> Iterator[str]:
        """Do what a block shows; go through what came out otherwise than it is written."""
        if block.is_file:
            (self.directory / block.label).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / block.label).write_text(block.text, "utf-8")
        elif block.language == "console":
            for example in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, expected = example.partition("\n")
                yield from self._compare(command, expected)
        elif block.language == "sh" and not block.label:
            result = self.run(block.text)
            if result.returncode:
                yield f"exit code {result.returncode}: {result.stdout}"

    def _compare(self, command: str, expected: str) -> Iterator[str]:
        is_server = command.startswith("segment-sandbox serve")
        printed = (self.serve(*shlex.split(command)[2:]) if is_server else self.run(command).stdout).strip()
        pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
        if not re.fullmatch(pattern, printed, re.DOTALL):
            yield f"$ {command}\n{printed}"

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        if USUAL_ADDRESS in command and not self._address:
            self.serve()
        result = subprocess.run(
            command.replace(USUAL_ADDRESS, self._address),
            shell=True,
            cwd=self.directory,
            env=environment(**({"SANDBOX_URL": f"http://{self._address}"} if self._address else {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        result.stdout = result.stdout.replace(self._address or USUAL_ADDRESS, USUAL_ADDRESS)
        return result

    def serve(self, *flags: str) -> str:
        """Start a server and stay with it; return its greeting."""
        command = [sys.executable, "-m", "sandbox", "serve", "--no-access-log", *flags]
        server = self._servers.enter_context(
            subprocess.Popen(
                command, cwd=self.directory, env=environment(SANDBOX_PORT="0"), stdout=subprocess.PIPE, text=True
            )
        )
        self._servers.callback(server.terminate)
        assert server.stdout
        line = server.stdout.readline()
        found = re.search(r"https?://([\d.]+:\d+)", line)
        assert found, line
        self._address = found[1]
        if not line.startswith("{"):
            # Where it is; how to use it and how to stop; a call.
            line += "\n".join("".join(iter(server.stdout.readline, "\n")) for _ in range(3))
        return line.replace(self._address, USUAL_ADDRESS)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with ExitStack() as servers:
        yield Reader(tmp_path, servers)


@every_document
def test_the_generated_parts_are_up_to_date(path: Path) -> None:
    text = path.read_text("utf-8")
    assert renewed(text) == text, "run `make docs`"


@every_document
def test_the_examples_of_a_document_do_in_their_order_what_is_printed(path: Path, reader: Reader) -> None:
    wrong = [f"{path.name}:{found.line}: {problem}" for found in blocks(path) for problem in reader.follow(found)]
    assert wrong == []


@every_document
def test_each_block_of_a_document_is_of_a_kind_that_is_executed(path: Path) -> None:
    for found in blocks(path):
        known = found.is_file or found.label in LABELS or (found.language in {"console", "sh"} and not found.label)
        known |= path.name in FOR_PYTHON and found.language in {"python", "text"}
        assert known, f"{path.name}:{found.line}: tests/guards/guide.py says which kinds of blocks there are"
        assert found.language != "console" or found.text.startswith("$ "), f"{path.name}:{found.line}"


@every_document
def test_a_scenario_file_of_a_document_is_checked_by_an_example_behind_it(path: Path) -> None:
    found = blocks(path)
    for index, each in enumerate(found):
        if each.is_file and each.language == "yaml":
            directory = each.label.rpartition("/")[0]
            command = re.compile(rf"segment-sandbox check( --\S+)* {directory}\n")
            checked = [other for other in found[index:] if command.search(other.text)]
            assert checked, f"{path.name}:{each.line}"


@every_document
def test_every_link_leads_somewhere_on_the_disk_and_in_the_console(path: Path) -> None:
    for href in links(path):
        name, _, fragment = href.partition("#")
        if ":" in name:
            assert name.startswith("https:") or name == f"http://{USUAL_ADDRESS}", href
            continue
        place = (path.parent / name).resolve() if name else path
        assert place.is_relative_to(ROOT), href
        assert place.exists(), href
        assert not fragment or fragment in anchors(place), href
        if path != README and place.suffix == ".md":
            assert target(href), href


def links(path: Path) -> Iterator[str]:
    for token in tokens(path):
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrGet("href"))


def anchors(path: Path) -> set[str]:
    return {heading.anchor for heading in headings(tokens(path))}


@every_document
def test_every_heading_of_a_document_has_an_address_of_its_own(path: Path) -> None:
    found = [heading.anchor for heading in headings(tokens(path))]
    assert len(found) == len(set(found))


def test_every_document_has_a_title_and_a_promise_and_no_address_that_the_reference_has() -> None:
    taken = {"companions", "scenarios", "control"}
    for document in read_documents():
        assert document.text.startswith(f"# {document.title}\n\n{document.promise}\n\n"), document.name
        assert document.name not in taken
        assert re.fullmatch(r"[a-z-]+", document.name)


def test_the_readme_is_read_in_one_sitting() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert len(lines) <= 200
    in_block, wide = False, []
    for line in lines:
        in_block ^= line.startswith("```")
        if len(line) > 110 and not in_block and not line.startswith("|"):
            wide.append(line)
    assert wide == []


# What a document names, there is.


def spans(path: Path) -> list[str]:
    """Return what a document says in code: in its text, and line by line in its blocks."""
    inline = [child.content for token in tokens(path) for child in token.children or () if child.type == "code_inline"]
    return [*inline, *(line for found in blocks(path) for line in found.text.splitlines())]


@every_document
def test_a_document_names_no_command_or_flag_that_is_not_there(path: Path) -> None:
    parameters = [parameter for command in all_commands() for parameter in command.params]
    flags = {flag for each in parameters for flag in (*each.opts, *each.secondary_opts)} | {"--help", "--version"}
    for span in spans(path):
        # Behind a name that is no word of a shell, such as an image's, nothing is a command of ours.
        for arguments in re.findall(r"(?:^|\$ |/)segment-sandbox ([^>|]*)", span):
            assert arguments.split()[0] in {*commands.commands, *flags}, span
            assert {*re.findall(r"(?<!\S)--[a-z][a-z-]*", arguments)} <= flags, span
        if span.startswith("--"):
            assert {*re.findall(r"--[a-z][a-z-]*", span)} <= flags, span


@every_document
def test_a_document_names_no_setting_or_directive_that_is_not_there(path: Path) -> None:
    text = path.read_text("utf-8")
    settings = {str(each.envvar) for command in all_commands() for each in command.params if each.envvar}
    variables = {*settings, *VARIABLES}
    assert {*re.findall(r"\bSANDBOX_[A-Z_]*[A-Z]", text)} <= variables
    headers = {*REQUEST_HEADERS, *RESPONSE_HEADERS}
    assert {*re.findall(r"X-Sandbox-[A-Z][A-Za-z]+", text)} <= headers
    targets = re.findall(r"^(\w+(?: \w+)*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    known = {name for names in targets for name in names.split()}
    made = {name for span in spans(path) for name in re.findall(r"^(?:\$ )?make ([a-z-]+)$", span)}
    assert made <= known


@every_document
def test_a_document_names_no_path_that_is_not_served(path: Path) -> None:
    described = {re.sub(r"\{\w+\}", "*", each) for each in operations()}
    named = {re.sub(r"^(GET|PUT|POST|DELETE) ", "", span).partition("?")[0] for span in spans(path)}
    of_control = {re.sub(r"\{\w+\}", "*", each.removeprefix(PREFIX)) for each in named if each.startswith(f"{PREFIX}/")}
    assert of_control <= described
    assert {each: status for each, status in asyncio.run(statuses(named)).items() if status >= 400} == {}


async def statuses(paths: set[str]) -> dict[str, int]:
    """Ask for those that are pages or documents."""
    of_pages = re.compile(r"/(docs|console|openapi|companions|healthz|readyz|llms)\b")
    served = filter(of_pages.match, sorted(paths))
    application = httpx2.ASGITransport(Shell(Sandbox()))
    async with httpx2.AsyncClient(transport=application, base_url="http://127.0.0.1") as client:
        return {each: (await client.get(each)).status_code for each in served}


@every_document
def test_a_document_names_no_file_of_the_project_that_is_not_there(path: Path) -> None:
    folders = [each.name for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".venv")]
    for span in spans(path):
        if re.fullmatch(rf"({'|'.join(folders)})/[\w./-]+", span):
            assert (ROOT / span).exists(), span


def test_numbers_named_in_the_text_are_in_the_shipped_scenarios() -> None:
    shipped = [yaml.safe_load(path.read_bytes()) for path in (ROOT / "scenarios").glob("*.yaml")]
    numbers = {key for data in shipped for section in ("customerId", "cardNumber") for key in data.get(section, {})}
    named = {
        child.content
        for path in DOCUMENTS
        for token in tokens(path)
        for child in token.children or ()
        if child.type == "code_inline" and re.fullmatch(r"\d{12}|\d{16}", child.content)
    }
    assert named
    assert {number for number in named if not any(_names(key, number) for key in numbers)} == set()


def _names(key: str, number: str) -> bool:
    return number.startswith(key[:-1]) if key.endswith("*") and len(key) > 5 else number == key


# Blocks with tests of their own.


def test_ci_runs_both_commands_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert block("test").text.strip() in lines
    assert [line for line in lines if line.endswith(f" {block('run').text.strip()} &")]


def test_the_command_for_a_fresh_machine_serves() -> None:
    assert {found.text for path in DOCUMENTS for found in blocks(path) if found.label == "run"} == {"make run\n"}
    planned = subprocess.run(
        ["make", "-n", "--no-print-directory", "run"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert planned.splitlines()[-1] == ".venv/bin/segment-sandbox serve"


@pytest.mark.parametrize("profile", ["lenient", "strict"])
def test_the_channel_session_ends_with_the_customer(reader: Reader, profile: str) -> None:
    reader.serve("--profile", profile)
    result = reader.run(block("session").text)
    assert "Luis Diaz Salinas" in result.stdout, result.stdout


def test_the_docker_commands_fit_the_dockerfile() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "SANDBOX_SCENARIOS=/scenarios" in dockerfile
    assert ":/scenarios:ro" in block("docker").text
    assert "EXPOSE 8080" in dockerfile
    assert "-p 8080:8080" in block("docker").text
