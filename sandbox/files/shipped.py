"""What ships with the package: documents, schemas, test keys, scenarios. Where it is, and how it is read."""

import json
from pathlib import Path

import yaml

from sandbox.core.companions import Companions, SessionKey
from sandbox.core.contract import Contract
from sandbox.core.openapi import bundled

from .yaml_source import YAML_LOADER

PACKAGE = Path(__file__).parents[1]
DOCUMENTS = PACKAGE / "documents"
CONTRACT_FILE = DOCUMENTS / "bank.openapi.yaml"
COMPANIONS_FILE = DOCUMENTS / "companions.openapi.yaml"
SESSION_KEYS_FILE = DOCUMENTS / "test-keys.json"
SCENARIO_SCHEMA_FILE = DOCUMENTS / "scenario.schema.json"
WORLD_SCHEMA_FILE = DOCUMENTS / "world.schema.json"
STARTER_FILE = PACKAGE / "starter" / "my-scenarios.yaml"
WORLD_FILE = "world.yaml"
MAGIC_FILE = "magic-values.yaml"


def load_contract() -> Contract:
    """Load the contract that ships with the package."""
    return Contract(yaml.load(CONTRACT_FILE.read_bytes(), Loader=YAML_LOADER))  # noqa: S506 - it is the safe one


def load_companions(contract: Contract) -> Companions:
    """Load the calls around the contract's, with the test keys of their sessions."""
    written = yaml.load(COMPANIONS_FILE.read_bytes(), Loader=YAML_LOADER)  # noqa: S506 - it is the safe one
    document = bundled(written, {CONTRACT_FILE.name: contract.document})
    file = json.loads(SESSION_KEYS_FILE.read_bytes())
    keys = [
        SessionKey(key["keyIdentifier"], file["exponent"], (int(key["p"], 16), int(key["q"], 16)))
        for key in file["keys"]
    ]
    return Companions(document, contract, keys)


def shipped_scenarios() -> Path:
    """Return the directory of the shipped scenarios: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / "scenarios"
    return installed if installed.is_dir() else PACKAGE.parent / "scenarios"
