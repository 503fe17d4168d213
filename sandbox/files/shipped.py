"""What ships with the package: documents, schemas, test keys, scenarios. Where it is, and how it is read."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.core.bank import Bank, MoreOperations, read_bank
from sandbox.core.contract import Contract
from sandbox.core.openapi import bundled
from sandbox.core.rules.key_exchange import SessionKey

from .yaml_source import YAML_LOADER

PACKAGE = Path(__file__).parents[1]
DOCUMENTS = PACKAGE / "documents"
CONTRACT_FILE = DOCUMENTS / "bank.openapi.yaml"
COMPANIONS_FILE = DOCUMENTS / "companions.openapi.yaml"
CONTROL_FILE = DOCUMENTS / "control.openapi.yaml"
SESSION_KEYS_FILE = DOCUMENTS / "test-keys.json"
SCENARIO_SCHEMA_FILE = DOCUMENTS / "scenario.schema.json"
WORLD_SCHEMA_FILE = DOCUMENTS / "world.schema.json"
STARTER_FILE = PACKAGE / "starter" / "my-scenarios.yaml"
WORLD_FILE = "world.yaml"
MAGIC_FILE = "magic-values.yaml"


def load_bank(prefixes: Sequence[str] = (), more: Sequence[MoreOperations] = ()) -> Bank:
    """Load the documents that ship: the contract, and what stands beside it. `more` are further operations."""
    document, companions = (
        yaml.load(file.read_bytes(), Loader=YAML_LOADER)  # noqa: S506 - it is the safe one
        for file in (CONTRACT_FILE, COMPANIONS_FILE)
    )
    file = json.loads(SESSION_KEYS_FILE.read_bytes())
    keys = [
        SessionKey(key["keyIdentifier"], file["exponent"], (int(key["p"], 16), int(key["q"], 16)))
        for key in file["keys"]
    ]
    return read_bank(document, bundled(companions, {CONTRACT_FILE.name: document}), keys, prefixes, more)


def load_contract() -> Contract:
    """Load the contract that ships with the package."""
    return load_bank().contract


@cache
def control_document() -> dict[str, Any]:
    """Load the description of the control API."""
    document: dict[str, Any] = yaml.load(CONTROL_FILE.read_bytes(), Loader=YAML_LOADER)  # noqa: S506 - it is the safe one
    return document


def shipped_scenarios() -> Path:
    """Return the directory of the shipped scenarios."""
    return _shipped("scenarios")


def shipped_guide() -> Path:
    """Return the directory of the documents for people."""
    return _shipped("docs")


def _shipped(name: str) -> Path:
    """Return a directory that ships: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
