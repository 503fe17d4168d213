"""The application under test, told that the sandbox is the bank."""

from collections.abc import Iterator

import httpx2
import pytest
from greeting import Branch

from sandbox.testing import SegmentSandbox


@pytest.fixture
def branch(segment_sandbox: SegmentSandbox) -> Iterator[Branch]:
    """The branch channel, connected to the sandbox of this test."""
    with httpx2.Client(base_url=segment_sandbox.url, headers=segment_sandbox.headers, timeout=1) as client:
        yield Branch(client)
