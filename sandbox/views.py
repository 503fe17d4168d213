"""What `Sandbox` knows, as JSON: the same for the control API, the console and the command line.

Rule 1: a view shows and decides nothing; the control API's document describes each of them.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from . import __version__
from .core.credentials import CHECKS
from .core.decide import Decision
from .core.directives import FAULT, PREFER, SCENARIO
from .core.faults import FAULTS
from .core.messages import instant
from .core.rules.key_exchange import SessionKey
from .core.scenarios import SECTIONS, ErrorOutcome, Scenario
from .files.yaml_data import Mistake
from .people import FoundCustomer
from .runtime import MAX_WARNINGS, OVERRIDE_SECTIONS, Sandbox
from .state.interface import PlacedOverride, SpaceSummary
from .state.journal import Exchange
from .state.verification import Verdict

_HIDDEN = frozenset({"fields", "hashes"})
_NAMES = {"customer_id": "customerId", "card_number": "cardNumber"}


def health(sandbox: Sandbox) -> dict[str, Any]:
    """Return how the sandbox is: versions, scenario counts, the last reload with its mistakes and warnings."""
    file_set, reload, profile = sandbox.file_set, sandbox.last_reload, sandbox.settings.bank_profile
    return {
        "status": "degraded" if reload.mistakes else "ok",
        "version": __version__,
        "contract": {"title": sandbox.contract.document["info"]["title"], "version": sandbox.contract.version},
        "dataVersion": f"faker-{version('faker')}",
        "profile": profile.name,
        "liveTexts": profile.live_texts,
        "seed": file_set.population.seed,
        "evictedSpaces": sandbox.evicted_spaces,
        "scenarios": {
            "files": file_set.files,
            "layers": [layer.name for layer in file_set.layers],
            "entries": file_set.counts.total(),
            **{section: file_set.counts[section] for section in SECTIONS},
        },
        "lastReload": {
            "at": instant(reload.at),
            "ok": not reload.mistakes,
            "mistakes": list(map(_placed, reload.mistakes)),
            "warnings": list(map(_placed, reload.warnings[:MAX_WARNINGS])),
            "notes": list(map(_placed, reload.notes[:MAX_WARNINGS])),
        },
    }


def catalogue(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return every error that can be had, with all the ways to have it."""
    magic = _magic_values(sandbox.file_set.magic)
    return [
        {
            "status": error.status,
            **({"gateway": error.name} if error.is_gateway else {"type": error.value["type"], "code": error.name}),
            **({"body": error.value} if error.is_gateway else {"texts": dict(error.texts)}),
            "customerId": magic.get((error.name, "customerId")),
            "cardNumber": magic.get((error.name, "cardNumber")),
            "headers": [
                f"{SCENARIO}: {error.name}",
                f"{SCENARIO}: {error.status}",
                f"{PREFER}: code={error.status}",
            ],
            "yaml": f"error: {error.name}",
        }
        for error in sandbox.contract.errors_by_name.values()
    ]


def faults(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return every network fault that can be had, with all the ways to have it."""
    magic = _magic_values(sandbox.file_set.magic)
    return [
        {
            "fault": name,
            "text": text,
            "customerId": magic.get((name, "customerId")),
            "cardNumber": magic.get((name, "cardNumber")),
            "headers": [f"{FAULT}: {name}"],
            "yaml": f"fault: {name}",
        }
        for name, text in FAULTS.items()
    ]


def customer(found: FoundCustomer) -> dict[str, Any]:
    """Return a customer with the numbers that lead to it."""
    birthday = found.customer.birthday
    return {
        "country": found.country,
        "customerId": found.customer_id,
        "cardNumber": found.card_number,
        "fullName": found.customer.full_name,
        "customerSegment": found.customer.segment,
        "birthday": birthday if isinstance(birthday, str) else f"{birthday[0]:02}-{birthday[1]:02}",
        "birthdayTodayFlag": found.is_birthday,
        "scenario": found.scenario,
    }


def clock(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Return what time it is in a space, who says so, and which day that is in each country."""
    now, is_ticking, set_by = sandbox.clock_in(name)
    countries = sandbox.population.countries.values()
    return {
        "now": instant(now),
        "ticking": is_ticking,
        "setBy": set_by,
        "today": {country.code: now.astimezone(country.zone).date().isoformat() for country in countries},
    }


def profile(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Return how strict the bank's side is in a space, and who says so."""
    found, set_by = sandbox.profile_in(name)
    return {
        "profile": found.name,
        "checks": [check for check in CHECKS if check in found.checks],
        "liveTexts": found.live_texts,
        "setBy": set_by,
    }


def space_summary(sandbox: Sandbox, space: SpaceSummary) -> dict[str, Any]:
    """Return how much there is in a space, with its clock and its profile."""
    return {
        "space": space.name,
        "usedAt": instant(space.used_at),
        "exchanges": space.exchanges,
        "overrides": space.overrides,
        "clock": clock(sandbox, space.name),
        "profile": profile(sandbox, space.name),
    }


def exchange(found: Exchange) -> dict[str, Any]:
    """Return one call of a journal."""
    fields = {_NAMES.get(name, name): value for name, value in found._asdict().items() if name not in _HIDDEN}
    return {
        **fields,
        "at": instant(found.at),
        "violations": [violation._asdict() for violation in found.violations],
        "scenario": str(found.scenario) if found.scenario else None,
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """Return whether a space was called as expected; what the verdict does not have is left out."""
    shown: dict[str, Any] = {"verified": found.verified, "message": found.message}
    if found.matching is not None:
        shown = {"verified": found.verified, "count": found.matching, "message": found.message}
    if closest := found.closest:
        shown["closest"] = {"exchange": exchange(closest.exchange), "differences": list(closest.differences)}
    if forgotten := found.forgotten:
        since = instant(forgotten.first_at)
        shown["forgotten"] = {"calls": forgotten.calls, "since": since, "setting": "--journal-size"}
    return shown


def override(placed: PlacedOverride) -> dict[str, Any]:
    """Return an override with its entry as it was sent, what it has done, and what it has left to do."""
    scenario, entry, expires_at = placed.override
    return {
        scenario.section: scenario.pattern,
        "entry": entry,
        "expiresAt": instant(expires_at) if expires_at else None,
        "answered": placed.answered,
        "left": placed.left,
    }


def scenario_file(space: str, overrides: Iterable[PlacedOverride]) -> dict[str, Any]:
    """Return the overrides of a space as a scenario file has them."""
    sections: dict[str, dict[str, Any]] = {section: {} for section in OVERRIDE_SECTIONS}
    for placed, *_ in overrides:
        entry = {name: _as_written(value) for name, value in placed.entry.items() if name != "expires"}
        sections[placed.scenario.section][placed.scenario.pattern] = entry
    description = f"What was tried in the space {space}"
    return {"description": description, **{section: entries for section, entries in sections.items() if entries}}


def decision(found: Decision) -> dict[str, Any]:
    """Return what a call would be answered, and why."""
    return {
        **beaten(found),
        "code": found.error,
        "body": json.loads(found.reply.body),
        "delay": found.delay,
        "fault": found.fault,
        "scenario": str(found.scenario) if found.scenario else None,
        "violations": [violation._asdict() for violation in found.violations],
        "warning": found.warning,
    }


def beaten(found: Decision) -> dict[str, Any]:
    """Return a decision in short, as one that another rule beats."""
    return {"rule": found.rule, "reason": found.reason, "status": found.reply.status}


def session(sid: str, key: SessionKey) -> dict[str, Any]:
    """Return a session with its key as a JSON Web Key (RFC 7517), private part and all: it is a test key."""
    p, q = key.factors
    numbers = {
        "n": key.modulus,
        "e": key.exponent,
        "d": key.private_exponent,
        "p": p,
        "q": q,
        "dp": key.private_exponent % (p - 1),
        "dq": key.private_exponent % (q - 1),
        "qi": pow(q, -1, p),
    }
    return {"sid": sid, "key": {"kty": "RSA", "kid": key.identifier, **{n: _base64(v) for n, v in numbers.items()}}}


def _as_written(value: Any) -> Any:
    """Write numbers as a file does: JSON may say 1.0 or 1e-3."""
    if isinstance(value, dict):
        return {name: _as_written(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_written(each) for each in value]
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return value


def _base64(number: int) -> str:
    """Write a number as JSON Web Keys have it (RFC 7518, 2)."""
    return urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")


def _placed(mistake: Mistake) -> dict[str, Any]:
    return {"file": mistake.place.file, "line": mistake.place.line, "message": mistake.message}


def _magic_values(scenarios: Iterable[Scenario]) -> dict[tuple[str, str], str]:
    magic: dict[tuple[str, str], str] = {}
    for scenario in scenarios:
        outcome, fault = scenario.steps[0].outcome, scenario.steps[0].fault
        name = fault.name if fault else outcome.error.name if isinstance(outcome, ErrorOutcome) else None
        if name and scenario.identity:
            magic[name, scenario.section] = scenario.pattern
    return magic
