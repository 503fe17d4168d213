"""The world file: who lives in the world, which countries are served, and which clients are registered."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from sandbox.core.customers import Country, Population
from sandbox.core.schema import Path as DataPath
from sandbox.core.schema import Schema, meant

from .shipped import WORLD_SCHEMA_FILE
from .yaml_data import Mistake
from .yaml_source import decoded


class WorldFile(NamedTuple):
    """What a world file says; nothing where it has a mistake, or only comments."""

    population: Population | None
    clients: Mapping[str, str]
    mistakes: list[Mistake]
    warnings: list[Mistake]


@cache
def world_schema() -> Schema:
    """Return the schema of a world file."""
    return Schema(json.loads(WORLD_SCHEMA_FILE.read_bytes()))


def read_world(content: bytes, shown: str) -> WorldFile:
    """Read a world file."""
    document = decoded(content, shown, every_position=True)
    mistakes = [*document.mistakes, *document.nothing_at_all]
    for part in (document, *document.strays):
        if part.data is not None:
            examined = world_schema().examine(part.data)
            mistakes += part.own([*examined.mistakes, *_mistaken_countries(examined.sound)])
    if mistakes or document.data is None:
        return WorldFile(None, {}, mistakes, document.only_comments)
    data = document.data
    birthdays = data.get("birthdays", {})
    population = Population(
        seed=str(data.get("seed", "segment-sandbox")),
        segments={code: float(weight) for code, weight in data["segments"].items()},
        everyday_birthdays=float(birthdays.get("everyDay", "0.1")),
        leap_day=birthdays.get("leapDay", "02-28"),
        synthesizes_unknown=data.get("unknown", "synthesize") == "synthesize",
        countries={code: _country(code, country) for code, country in data["countries"].items()},
    )
    clients = {client_id: client["secret"] for client_id, client in data.get("clients", {}).items()}
    return WorldFile(population, clients, [], [])


def _country(code: str, data: Mapping[str, Any]) -> Country:
    businesses, channels = _codes(data.get("businesses")), _codes(data.get("channels"))
    return Country(code, data["locale"], ZoneInfo(data["timezone"]), businesses, channels)


def _codes(codes: Any) -> frozenset[str] | None:
    return frozenset(map(str, codes)) if isinstance(codes, list) else None


def _mistaken_countries(data: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    for code, country in data.get("countries", {}).items():
        locale, timezone = country.get("locale"), country.get("timezone")
        if locale is not None and locale not in (known := locales()):
            yield ("countries", code, "locale"), f"Faker has no names for {locale!r}; {meant(locale, sorted(known))}"
        try:
            ZoneInfo("UTC" if timezone is None else timezone)
        except (KeyError, OSError, ValueError):
            cure = meant(timezone, _example_zones(timezone))
            yield ("countries", code, "timezone"), f"found {timezone!r}; {cure}"


def _example_zones(found: str) -> list[str]:
    zones = sorted(available_timezones())
    area = [zone for zone in zones if zone.partition("/")[0] == found.partition("/")[0]]
    return area or ["America/Mexico_City", "America/New_York", "Europe/Madrid", "UTC"]


@cache
def locales() -> frozenset[str]:
    """Return the locales that Faker has names for."""
    # Looked up on the disk: importing Faker takes longer than starting the server.
    spec = find_spec("faker")
    assert spec
    assert spec.submodule_search_locations
    persons = Path(spec.submodule_search_locations[0]) / "providers" / "person"
    return frozenset(entry.name for entry in persons.iterdir() if entry.name[:2].islower() and entry.is_dir())
