"""A sandbox inside the tests of others: what their tests hold in their hands, and where it runs."""

from .handle import Customer, Everybody, SegmentSandbox
from .in_process import InProcessSandbox

__all__ = ["Customer", "Everybody", "InProcessSandbox", "SegmentSandbox"]
