"""JUnit XML, as pipelines read it: a suite of cases, each passed, failed or skipped.

Rule 1: texts are what XML 1.0 can hold; anything else is written as U+FFFD.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import NamedTuple

# XML 1.0, 2.2: characters that no document may have, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Case(NamedTuple):
    """One case. `failure` and `skipped` say why in one line, `details` all of it; `output` is what was said besides."""

    name: str
    failure: str | None = None
    skipped: str | None = None
    output: str = ""
    seconds: float | None = None
    details: str = ""


def junit(suite: str, cases: Iterable[Case]) -> bytes:
    """Return the report of a suite."""
    everything = list(cases)
    counts = {
        "tests": str(len(everything)),
        "failures": str(sum(case.failure is not None for case in everything)),
        "errors": "0",
        "skipped": str(sum(case.skipped is not None for case in everything)),
    }
    root = ET.Element("testsuites")
    parent = ET.SubElement(root, "testsuite", {"name": suite, **counts})
    for case in everything:
        time = {} if case.seconds is None else {"time": f"{case.seconds:.3f}"}
        node = ET.SubElement(parent, "testcase", {"classname": suite, "name": _clean(case.name), **time})
        if case.failure is not None:
            ET.SubElement(node, "failure", {"message": _clean(case.failure)}).text = _clean(case.details) or None
        if case.skipped is not None:
            ET.SubElement(node, "skipped", {"message": _clean(case.skipped)})
        if case.output:
            ET.SubElement(node, "system-out").text = _clean(case.output)
    ET.indent(root)
    report: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return report + b"\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
