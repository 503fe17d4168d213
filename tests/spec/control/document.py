"""The control API's document, as tests hold real answers against it."""

from typing import Any

import jsonschema_rs
import yaml

from tests.spec.conftest import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "sandbox" / "documents" / "control.openapi.yaml").read_bytes())
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def followed(node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference into the document leads to."""
    while "$ref" in node:
        found: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def strict(node: Any) -> Any:
    """Return a schema in which an object has no other fields than those that are told of."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {} if "properties" not in node or "additionalProperties" in node else {"additionalProperties": False}
    return {**{name: strict(each) for name, each in node.items()}, **closed}


def validator(schema: dict[str, Any]) -> Any:
    """Return what holds a value against a schema of the document, strictly, formats and all."""
    components = {"schemas": strict(DOCUMENT["components"]["schemas"])}
    return jsonschema_rs.validator_for({**strict(schema), "components": components}, validate_formats=True)
