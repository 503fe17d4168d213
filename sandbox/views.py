"""What `Sandbox` knows, as JSON: the same for the control API, the console and the command line.

Rule 1: a view shows and decides nothing; the control API's document describes each of them.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Any

from .core.credentials import CHECKS
from .core.decide import Decision
from .core.messages import instant
from .core.rules.key_exchange import SessionKey
from .people import FoundCustomer
from .runtime import OVERRIDE_SECTIONS, Sandbox
from .state.spaces import FOR_ALL, Override, Space


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
    now = sandbox.now(name)
    space, for_all = sandbox.spaces.find(name), sandbox.spaces.for_all
    own = space.clock if space else None
    setting = own or for_all.clock
    countries = sandbox.file_set.population.countries.values()
    return {
        "now": instant(now),
        "ticking": setting.is_ticking if setting else True,
        "setBy": _set_by(name, own, for_all.clock, "machine"),
        "today": {country.code: now.astimezone(country.zone).date().isoformat() for country in countries},
    }


def profile(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Return how strict the bank's side is in a space, and who says so."""
    found = sandbox.profile(name)
    space, for_all = sandbox.spaces.find(name), sandbox.spaces.for_all
    return {
        "profile": found.name,
        "checks": [check for check in CHECKS if check in found.checks],
        "liveTexts": found.live_texts,
        "setBy": _set_by(name, space.profile if space else None, for_all.profile, "settings"),
    }


def space_summary(sandbox: Sandbox, space: Space) -> dict[str, Any]:
    """Return how much there is in a space, with its clock and its profile."""
    return {
        "space": space.name,
        "usedAt": instant(space.used_at),
        "exchanges": len(space.journal),
        "overrides": len(sandbox.overrides(space.name)),
        "clock": clock(sandbox, space.name),
        "profile": profile(sandbox, space.name),
    }


def override(placed: Override) -> dict[str, Any]:
    """Return an override with its entry as it was sent."""
    return {
        placed.scenario.section: placed.scenario.pattern,
        "entry": placed.entry,
        "expiresAt": instant(placed.expires_at) if placed.expires_at else None,
    }


def scenario_file(space: str, overrides: Iterable[Override]) -> dict[str, Any]:
    """Return the overrides of a space as a scenario file has them."""
    sections: dict[str, dict[str, Any]] = {section: {} for section in OVERRIDE_SECTIONS}
    for placed in overrides:
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


def _set_by(space: str, own: object, for_all: object, default: str) -> str:
    """Say whose word counts in a space: its own, that of the space for all, or the default."""
    return "space" if own and space != FOR_ALL else "all" if for_all else default


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
