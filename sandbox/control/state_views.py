"""What the state holds, as the control API shows it."""

from typing import Any

from sandbox.core.messages import instant
from sandbox.state.interface import Forgotten, PlacedOverride
from sandbox.state.journal import Exchange
from sandbox.state.verification import Verdict

_HIDDEN = frozenset({"fields", "hashes"})
_NAMES = {"customer_id": "customerId", "card_number": "cardNumber"}


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange."""
    fields = {_NAMES.get(name, name): value for name, value in exchange._asdict().items() if name not in _HIDDEN}
    return {
        **fields,
        "at": instant(exchange.at),
        "violations": [violation._asdict() for violation in exchange.violations],
        "scenario": str(exchange.scenario) if exchange.scenario else None,
    }


def override_json(placed: PlacedOverride) -> dict[str, Any]:
    """Return an override with what it has done, and what it has left to do."""
    scenario, entry, expires_at = placed.override
    return {
        scenario.section: scenario.pattern,
        "entry": entry,
        "expiresAt": instant(expires_at) if expires_at else None,
        "answered": placed.answered,
        "left": placed.left,
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict; what it does not have is left out."""
    found: dict[str, Any] = {"verified": verdict.verified, "message": verdict.message}
    if verdict.matching is not None:
        found = {"verified": verdict.verified, "count": verdict.matching, "message": verdict.message}
    if closest := verdict.closest:
        found["closest"] = {"exchange": exchange_json(closest.exchange), "differences": list(closest.differences)}
    if verdict.forgotten:
        found["forgotten"] = _forgotten_json(verdict.forgotten)
    return found


def _forgotten_json(forgotten: Forgotten) -> dict[str, Any]:
    return {"calls": forgotten.calls, "since": instant(forgotten.first_at), "setting": "--journal-size"}
