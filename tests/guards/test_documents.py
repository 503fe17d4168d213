"""The documents that the product is made from: the bank's contract, our own, the schemas, the shipped scenarios."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from sandbox.core.faults import FAULTS
from sandbox.files.loader import Loader
from sandbox.files.shipped import (
    COMPANIONS_FILE,
    CONTRACT_FILE,
    CONTROL_FILE,
    SCENARIO_SCHEMA_FILE,
    SESSION_KEYS_FILE,
    STARTER_FILE,
    load_contract,
    shipped_scenarios,
)
from sandbox.server.faults import _INJECTIONS

CONTRACT = yaml.safe_load(CONTRACT_FILE.read_bytes())
# The bank's facts: the one place besides the contract itself where they are written.
HEADERS = {
    "client_id": True, "Authorization": True, "Accept": True, "uuid": True, "Accept-Language": False,
    "Content-Type": True, "countryCode": True, "businessCode": True, "ChannelId": True, "sid": False,
}  # fmt: skip
ERRORS = [
    (400, "error", "invalidRequest", "Missing or invalid Parameters", None),
    (401, "error", "unAuthorized", "Authorization credentials are missing or invalid", None),
    (403, "error", "accessNotConfigured", "The request operation is not configured to access this resource",
     "Channel/Country/Business provided in the request is not supported currently"),
    (404, "error", "resourceNotFound", "The requested resource was not found", "Empty resource/resource not found"),
    (422, "error", "businessValidationFailed", "Business validation error occured on one or more parameters", None),
    (500, "fatal", "serverUnavailable",
     "The request failed due to an internal error/server unavailability", None),
]  # fmt: skip


@pytest.mark.parametrize("file", [CONTRACT_FILE, COMPANIONS_FILE, CONTROL_FILE], ids=lambda file: file.name)
def test_a_document_is_valid_openapi(file: Path) -> None:
    validate(yaml.safe_load(file.read_bytes()), base_uri=file.as_uri())


def test_the_companions_say_what_their_code_knows() -> None:
    operations = {operation.id: operation for operation in load_contract().companions()}
    assert {name: operation.method for name, operation in operations.items()} == {"token": "POST", "e2eKey": "GET"}
    document = operations["token"].document
    token = document["paths"]["/v1/oauth/token"]["post"]["responses"]
    for response in (token["200"], token["400"]):
        content = response["content"]["application/json"]
        for example in content["examples"].values():
            jsonschema_rs.validate({**content["schema"], "components": document["components"]}, example["value"])


def test_the_keys_of_sessions_are_rsa_keys_of_2048_bits_and_say_that_they_are_for_tests() -> None:
    file = json.loads(SESSION_KEYS_FILE.read_bytes())
    moduli = {int(key["p"], 16) * int(key["q"], 16) for key in file["keys"]}
    assert len(moduli) == len(file["keys"]) > 1
    assert {modulus.bit_length() for modulus in moduli} == {2048}
    assert all("TEST_KEY" in key["keyIdentifier"] for key in file["keys"])


def test_the_contract_says_what_the_bank_says() -> None:
    assert CONTRACT["info"]["title"] == "CSMT-CRD-D-CstSegDtl"
    assert CONTRACT["servers"][0]["url"] == "/api"
    operation = CONTRACT["paths"]["/v1/customers/segments/retrieve"]["post"]
    assert operation["operationId"] == "retrieve-customer-segment"
    parameters = CONTRACT["components"]["parameters"].values()
    assert {each["name"]: each["required"] for each in parameters} == HEADERS
    errors = [
        (int(status), value["type"], value["code"], value["details"], value.get("moreInfo"))
        for status, response in operation["responses"].items()
        if status != "200"
        for value in (each["value"] for each in response["content"]["application/json"]["examples"].values())
    ]
    assert errors == ERRORS
    fields = CONTRACT["components"]["schemas"]["RetrieveCustomerSegmentRequest"]["properties"]
    assert {name: (field["maxLength"], field["pattern"]) for name, field in fields.items()} == {
        "customerId": (12, "^[0-9]*$"),
        "cardNumber": (16, "^[0-9]*$"),
    }


def examples() -> Iterator[tuple[dict[str, Any], Any]]:
    operation = CONTRACT["paths"]["/v1/customers/segments/retrieve"]["post"]
    gateway = CONTRACT["components"]["responses"].values()
    for part in (operation["requestBody"], *operation["responses"].values(), *gateway):
        content = part["content"]["application/json"]
        for example in content["examples"].values():
            yield content["schema"], example["value"]


def test_every_example_obeys_its_schema() -> None:
    for schema, value in examples():
        jsonschema_rs.validate({**schema, "components": CONTRACT["components"]}, value)


def test_the_schemas_name_every_error_and_every_fault_for_editors() -> None:
    definitions = json.loads(SCENARIO_SCHEMA_FILE.read_bytes())["$defs"]
    assert definitions["errorName"]["anyOf"][0]["enum"] == list(load_contract().errors_by_name)
    own, shared, _ = definitions["token"]["properties"]["error"]["anyOf"]
    names = list(load_contract().operations["token"].errors)
    assert names == [*own["enum"], *definitions["errorName"]["anyOf"][0]["enum"]]
    assert shared == definitions["e2eKey"]["properties"]["error"] == {"$ref": "#/$defs/errorName"}
    types = CONTRACT["components"]["schemas"]["ErrorResponse"]["properties"]["type"]["enum"]
    assert definitions["error"]["else"]["properties"]["type"]["enum"] == types
    assert definitions["faultName"]["enum"] == list(FAULTS) == list(_INJECTIONS)


def test_what_ships_has_no_mistake(tmp_path: Path) -> None:
    contract = load_contract()
    (tmp_path / STARTER_FILE.name).write_bytes(STARTER_FILE.read_bytes())
    for root in (shipped_scenarios(), tmp_path):
        assert Loader(contract, [root]).load().counts.total() > 0


def test_every_error_and_every_fault_has_its_magic_values_and_the_fallback_lists_them() -> None:
    magic = yaml.safe_load((shipped_scenarios() / "magic-values.yaml").read_bytes())
    contract = load_contract()
    for section, length in (("customerId", 12), ("cardNumber", 16)):
        entries = magic[section]
        for error in contract.errors_by_name.values():
            assert entries[f"99990{error.status:0{length - 5}}"] == {"error": error.name}
            assert str(error.status) in entries["9999*"]["description"]
        for number, fault in enumerate(FAULTS, 1):
            assert entries[f"99993{number:0{length - 5}}"] == {"fault": fault}
            assert f"{number:02}" in entries["9999*"]["description"]
