"""`override` and `snapshot`: scenarios placed at run time, said in a shell's words."""

import sys
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from sandbox.core.masking import masked_text

from .common import print_table, write
from .steering import Steered, steers

Section: TypeAlias = Literal["customerId", "cardNumber", "companion"]

_CUSTOMER = {"name": "fullName", "customer_segment": "customerSegment", "birthday": "birthday"}
_LONGEST_CUSTOMER_ID = 12

_target = click.argument("target")
_card = click.option("--card", is_flag=True, help="TARGET is a card number, though it has no more than 12 digits.")


@click.group()
def override() -> None:
    """Place, list and remove scenarios in a running sandbox.

    TARGET is a customerId, a card number, a prefix such as '3211*', or one of the calls token and e2eKey.
    """


@override.command("set")
@_target
@click.option("--error", help="Answer with this error: its code or its status, such as serverUnavailable or 503.")
@click.option("--fault", help="Inject this network fault, such as connectionReset.")
@click.option("--delay", help="Answer after this time, such as 800ms or 3s.")
@click.option("--synthetic", is_flag=True, help="Answer with a made-up customer.")
@click.option("--name", help="Answer with a customer of this full name.")
@click.option("--customer-segment", help="Answer with a customer in this segment.")
@click.option("--birthday", metavar="today|never|MM-DD", help="Answer with a customer who has this birthday.")
@click.option("--times", type=int, help="Answer so many calls; then the override steps back.")
@click.option("--expires", help="Step back after this time, such as 10m.")
@click.option("--description", help="A text for people; it stands in the reason of each answer.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Read the entry from a YAML or JSON file instead, as a scenario file has it; - is standard input.",
)
@_card
@steers
def place(to: Steered, target: str, card: bool, file: Path | None, **words: Any) -> None:
    """Place an override for TARGET, instead of the one that was there."""
    entry, kind = _entry(words), section(target, card)
    if file is not None:
        if entry:
            raise click.UsageError("--file holds the whole entry; leave the other options out")
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        placed = to.client.place_override(kind, target, text)
    else:
        # The calls around the API have a usual answer; a customer has to be said.
        if not entry.keys() & {"error", "fault", "delay" if kind == "companion" else "customer"}:
            raise click.UsageError("say what shall be answered: --error, --fault, --synthetic, --customer-segment, ...")
        placed = to.client.place_override(kind, target, entry)
    to.show(placed, f"placed {to.where}: {_title(placed)}: {_said(placed['entry'])}")


@override.command("list")
@steers
def list_(of: Steered) -> None:
    """List the overrides in the order in which they were placed."""
    placed = of.client.list_overrides()
    of.show(placed, lambda: _list(of, placed))


@override.command("remove")
@_target
@_card
@steers
def remove(of: Steered, target: str, card: bool) -> None:
    """Take the override of TARGET away."""
    of.client.remove_override(section(target, card), target)
    of.show(None, f"removed {of.where}: {masked_text(target)}")


@override.command("clear")
@steers
def clear(of: Steered) -> None:
    """Take all overrides away."""
    of.client.clear_overrides()
    of.show(None, f"no override is left {of.where}")


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@steers
def snapshot(of: Steered, output: Path | None) -> None:
    """Print the overrides as a scenario file."""
    file = of.client.list_overrides_as_yaml()
    if output is not None:
        write(output, file.encode())
        click.echo(f"wrote {output}", err=True)
    elif of.as_json:
        of.show(of.client.list_overrides(), "")
    else:
        click.echo(file, nl=False)


def section(target: str, is_card: bool = False) -> Section:
    """Return where an override for a target belongs."""
    if not target.removesuffix("*").isdigit() and target != "*":
        return "companion"
    return "cardNumber" if is_card or len(target.removesuffix("*")) > _LONGEST_CUSTOMER_ID else "customerId"


def _entry(words: dict[str, Any]) -> dict[str, Any]:
    customer = {field: words[word] for word, field in _CUSTOMER.items() if words[word] is not None}
    answer = {"customer": customer or "synthetic"} if customer or words["synthetic"] else {}
    plain = ("error", "fault", "delay", "times", "expires", "description")
    return {**answer, **{word: words[word] for word in plain if words[word] is not None}}


def _list(of: Steered, placed: list[Any]) -> None:
    if not placed:
        click.echo(f"no override {of.where}")
        return
    rows = [[_title(each), _said(each["entry"]), each["expiresAt"] or ""] for each in placed]
    print_table(["for", "answers", "until"], rows)


def _title(placed: Any) -> str:
    return next(f"{kind} {masked_text(placed[kind])}" for kind in Section.__args__ if kind in placed)  # type: ignore[attr-defined]


def _said(entry: Any) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in entry.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_plain(each)}" for name, each in value.items()) + ")"
    if isinstance(value, list):
        return "[" + "; ".join(_plain(each) for each in value) + "]"
    return masked_text(str(value))
