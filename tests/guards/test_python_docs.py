"""What the documents for Python's users show runs as they show it."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.tether import Servers

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


class Block(NamedTuple):
    language: str
    label: str
    text: str


def blocks(name: str) -> list[Block]:
    text = (ROOT / "docs" / name).read_text("utf-8")
    return [Block(*match) for match in re.findall(r"^```(\w+) ?(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


def test_the_examples_of_the_client_run_one_after_the_other() -> None:
    servers = Servers()
    try:
        url = servers.url(())
        names: dict[str, object] = {}
        for block in blocks("client.md"):
            exec(block.text.replace("http://127.0.0.1:8080", url), names)
    finally:
        servers.close()


def test_the_examples_for_pytest_pass_and_fail_as_shown(pytester: pytest.Pytester) -> None:
    found = blocks("pytest.md")
    pytester.mkdir("scenarios")
    (pytester.path / "scenarios" / "ours.yaml").write_text('customerId: {"100000000777": {error: 404}}')
    passing = [block for block in found if block.language == "python" and not block.label]
    failing = [block for block in found if block.label == "fails"]
    outputs = [block for block in found if block.language == "text"]
    assert len(passing) > 3
    assert len(failing) == len(outputs) > 1
    pytester.makepyfile(app=next(block.text for block in found if block.label == "app"))
    pytester.makepyfile(**{f"test_passing_{n}": block.text for n, block in enumerate(passing)})
    pytester.makepyfile(**{f"test_failing_{n}": block.text for n, block in enumerate(failing)})
    flags = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
    result = pytester.runpytest_subprocess(*flags, timeout=120)
    counts = result.parseoutcomes()
    assert counts["failed"] == len(failing), result.stdout.str()
    assert set(counts) == {"failed", "passed"}, result.stdout.str()
    for output in outputs:
        pattern = ".*".join(re.escape(part) for part in output.text.strip().split("..."))
        assert re.search(pattern, result.stdout.str()), output.text
