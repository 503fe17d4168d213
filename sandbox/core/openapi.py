"""OpenAPI documents as data: references followed, and documents that refer to others made whole.

Rule 1: a document that leaves the sandbox refers to nothing outside itself, so that saved copies and generators work.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Document: TypeAlias = Mapping[str, Any]


def resolved(node: Document, document: Document) -> Document:
    """Follow a reference to what it names; what stands beside the reference stays."""
    while "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        node = {**_at(document, node["$ref"].partition("#")[2]), **beside}
    return node


def bundled(document: Document, others: Mapping[str, Document]) -> dict[str, Any]:
    """Return the document with all that it refers to in `others`, which are named as its references name them.

    Components are copied among its own, under the same name; anything else is written where it is referred to.
    """
    components: dict[str, Any] = {kind: dict(parts) for kind, parts in document.get("components", {}).items()}

    def copy(node: Any, home: Document) -> Any:
        if isinstance(node, Mapping):
            if "$ref" not in node:
                return {key: copy(value, home) for key, value in node.items()}
            file, _, pointer = node["$ref"].partition("#")
            source = others[file] if file else home
            if source is document:
                return dict(node)
            if not pointer.startswith("/components/"):
                return copy(_at(source, pointer), source)
            _, _, kind, name = pointer.split("/")
            if name not in components.setdefault(kind, {}):
                components[kind][name] = {}
                components[kind][name] = copy(_at(source, pointer), source)
            return {"$ref": f"#{pointer}"}
        return [copy(item, home) for item in node] if isinstance(node, list) else node

    whole: dict[str, Any] = copy({key: value for key, value in document.items() if key != "components"}, document)
    for kind, parts in document.get("components", {}).items():
        components[kind] |= copy(parts, document)
    return {**whole, "components": components}


def _at(document: Document, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) leads to."""
    node: Any = document
    for part in pointer.split("/")[1:]:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def json_content(part: Document) -> Document:
    """Return what a request body or a response says of its JSON."""
    content: Document = part["content"]["application/json"]
    return content
