"""The architecture page is true: its floors, a call's way, and its recipes, each of whose forgotten steps is named."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from sandbox.control.routes import handlers
from sandbox.core.faults import FAULTS
from sandbox.files.shipped import COMPANIONS_FILE, CONTROL_FILE, SCENARIO_SCHEMA_FILE, load_contract
from sandbox.runtime import Sandbox
from sandbox.server.faults import _INJECTIONS
from sandbox.settings import SETTINGS

from .guide import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


class Call(NamedTuple):
    """One line of a call's way: who, in which file, asks whom."""

    file: str
    function: str
    asked: tuple[str, ...]


def way() -> Iterator[Call]:
    """Go through the lines of the tables of a call's way."""
    for table in PAGE.split("| in | what | asks |\n|---|---|---|\n")[1:]:
        for line in table.partition("\n\n")[0].splitlines():
            file, what, asks = (cell.strip() for cell in line.strip("|").split("|"))
            yield Call(file.strip("`"), re.findall(r"`([^`]+)`", what)[0], tuple(re.findall(r"`([^`]+)`", asks)))


@cache
def functions(file: str) -> dict[str, ast.AST]:
    """Return the functions of a module, those of a class behind its name."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse((ROOT / file).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}": each for each in node.body if isinstance(each, _FUNCTION)}
        elif isinstance(node, _FUNCTION):
            found[node.name] = node
    return found


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def names(node: ast.AST) -> set[str]:
    inside = [*ast.walk(node)]
    attributes = {each.attr for each in inside if isinstance(each, ast.Attribute)}
    return attributes | {each.id for each in inside if isinstance(each, ast.Name)}


@pytest.mark.parametrize("call", [*way()], ids=lambda call: call.function)
def test_a_calls_way_goes_as_it_is_written(call: Call) -> None:
    assert (ROOT / call.file).is_file()
    assert call.function in functions(call.file)
    assert call.asked
    assert {*call.asked} <= names(functions(call.file)[call.function])


def test_both_ways_of_a_call_are_told_and_each_begins_where_the_bytes_come_in() -> None:
    lines = [*way()]
    firsts = [line for line in lines if line.function in {"HttptoolsProtocol.on_headers_complete", "Shell.__call__"}]
    assert len(firsts) == 2
    assert lines[0] == firsts[0]


def test_the_floors_are_those_that_are_held() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}
    layers = [{*layer.split(" | ")} for layer in contracts["Floors"]["layers"]]
    rows = PAGE.split("| floor | rooms | what is there |\n|---|---|---|\n")[1].partition("\n\n")[0].splitlines()
    cells = [[set(re.findall(r"`([^`]+)`", cell)) for cell in row.strip("|").split("|")[:2]] for row in rows]
    assert [floor for floor, _ in cells] == layers
    for floor, rooms in cells:
        assert {Path(room).stem for room in rooms} == floor
        assert [room for room in rooms if not (ROOT / room).exists()] == []


# Each step of a recipe: which names it knows. All steps of one know the same, or one was forgotten.

Step = Callable[[], set[str]]


def source_of(folder: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "tests" / folder).rglob("*.py")))


def document(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def schema() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(SCENARIO_SCHEMA_FILE.read_bytes())
    return loaded


def named_in(text: str, wanted: set[str], form: str) -> set[str]:
    return {name for name in wanted if form.format(name) in text}


def faults_with_magic_values() -> set[str]:
    magic = yaml.safe_load((ROOT / "scenarios" / "magic-values.yaml").read_bytes())
    found = []
    for section, length in (("customerId", 12), ("cardNumber", 16)):
        listed = magic[section]["9999*"]["description"]
        numbers = {f"99993{n:0{length - 5}}": f"{n:02}" for n in range(1, 100)}
        entries = {number: entry["fault"] for number, entry in magic[section].items() if "fault" in entry}
        found.append({fault for number, fault in entries.items() if numbers[number] in listed})
    return found[0] & found[1]


def companions() -> set[str]:
    paths = yaml.safe_load(COMPANIONS_FILE.read_bytes())["paths"].values()
    return {method["operationId"] for path in paths for name, method in path.items() if name in {"get", "post"}}


def behaviours() -> set[str]:
    """Return the operations that `read_bank` has a behaviour for."""
    called = (node for node in ast.walk(functions("sandbox/core/bank.py")["read_bank"]) if isinstance(node, ast.Call))
    given = [each for node in called for each in node.args if isinstance(each, ast.Dict)]
    return {str(key.value) for each in given for key in each.keys if isinstance(key, ast.Constant)}


def with_own_rules() -> set[str]:
    """Return the operations whose rules all have a docstring of one sentence, in a module of `core/rules`."""
    return {
        operation.id
        for operation in load_contract().companions()
        if operation.rules
        and all(
            rule.__module__.startswith("sandbox.core.rules.") and (rule.__doc__ or "").strip().endswith(".")
            for rule in operation.rules
        )
    }


def settings() -> set[str]:
    return {setting.name for setting in SETTINGS}


def settings_with_an_effect() -> set[str]:
    modules = (ast.parse(path.read_text("utf-8")) for path in (ROOT / "sandbox").rglob("*.py"))
    return settings() & {
        node.attr for module in modules for node in ast.walk(module) if isinstance(node, ast.Attribute)
    }


def settings_in_tests() -> set[str]:
    text = source_of("spec") + source_of("guards")
    return {
        each.name
        for each in SETTINGS
        if each.variable in text or any(f'"{flag}' in text for flag in each.flag.split("/"))
    }


def control_operations() -> dict[str, str]:
    """Return the paths of the control API's operations, by operationId."""
    return {
        operation["operationId"]: path
        for path, item in yaml.safe_load(CONTROL_FILE.read_bytes())["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def paths_in(text: str) -> set[str]:
    """Return the operations whose path a text names, whatever stands in its places."""
    found = set()
    for operation, path in control_operations().items():
        pattern = re.sub(r"\\{\w+\\}", r"[^/\\s`\"?]+", re.escape(path))
        if re.search(rf"{pattern}(?![\w/{{])", text):
            found.add(operation)
    return found


RECIPES: dict[str, dict[int, Step]] = {
    "a network fault": {
        1: lambda: {*FAULTS},
        2: lambda: {*_INJECTIONS},
        3: lambda: {str(name) for name in schema()["$defs"]["faultName"]["enum"]},  # type: ignore[attr-defined]
        4: faults_with_magic_values,
        5: lambda: named_in(source_of("spec"), {*FAULTS}, '"{}"'),
        6: lambda: named_in(document("steering"), {*FAULTS}, "| `{}` |"),
    },
    "an operation": {
        1: companions,
        2: with_own_rules,
        3: lambda: behaviours() - {load_contract().main.id},
        4: lambda: {*schema()["properties"]["companion"]["properties"]},  # type: ignore[misc]
        5: lambda: named_in(source_of("spec/companions"), companions(), '"{}'),
        6: lambda: named_in(document("login"), companions(), "{}`"),
    },
    "a setting": {
        1: settings,
        2: settings_with_an_effect,
        3: settings_in_tests,
        4: lambda: {each.name for each in SETTINGS if f"| `{each.flag}` |" in document("settings")},
    },
    "a control resource": {
        1: lambda: {*control_operations()},
        2: lambda: {*handlers(Sandbox(), None)},  # type: ignore[arg-type]
        3: lambda: paths_in(document("steering")),
        4: lambda: paths_in(source_of("spec")),
    },
}


def steps(recipe: str) -> dict[int, str]:
    """Return the steps of a recipe as the page tells them."""
    text = PAGE.split(f"## Adding {recipe}\n")[1].partition("\n## ")[0]
    found = re.findall(r"^(\d+)\. (.+(?:\n   .+)*)$", text, re.MULTILINE)
    return {int(number): " ".join(told.split()) for number, told in found}


@pytest.mark.parametrize(("recipe", "number"), [(recipe, number) for recipe in RECIPES for number in RECIPES[recipe]])
def test_no_step_of_a_recipe_was_forgotten(recipe: str, number: int) -> None:
    known = {each: step() for each, step in RECIPES[recipe].items()}
    forgotten = set().union(*known.values()) - known[number]
    told = f"step {number} of 'Adding {recipe}' in docs/architecture.md: {steps(recipe)[number]}"
    assert not forgotten, f"{', '.join(sorted(forgotten))}: {told}"


def test_each_recipe_of_the_page_is_held_and_has_the_steps_that_are_told() -> None:
    assert re.findall(r"^## Adding (.+)$", PAGE, re.MULTILINE) == [*RECIPES]
    for recipe, held in RECIPES.items():
        assert [*steps(recipe)] == [*held]
