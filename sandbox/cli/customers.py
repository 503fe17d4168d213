"""`customers`: who there is."""

import json
import sys
from pathlib import Path

import click

from sandbox.settings import Settings

from .common import SCENARIOS, in_process, print_table, setting_option


@click.command()
@click.option("--birthday", metavar="today|never|MM-DD", help="Only customers with this birthday.")
@click.option("--segment", help="Only customers in this segment.")
@click.option("--country", help="The country to search; the first of the world file by default.")
@click.option("-n", "--count", default=5, show_default=True, help="How many to find.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_option(SCENARIOS)
def customers(
    birthday: str | None, segment: str | None, country: str | None, count: int, as_json: bool, scenarios: Path | None
) -> None:
    """Find customers by birthday, segment or country."""
    from sandbox import views
    from sandbox.user_errors import UserError

    sandbox = in_process(Settings(scenarios=scenarios))
    try:
        found = [views.customer(each) for each in sandbox.people().search(count, country, birthday, segment).customers]
    except UserError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    print_table(
        ["customerId", "cardNumber", "segment", "birthday", "today", "name"],
        [
            [
                row["customerId"] or "-",
                row["cardNumber"] or "-",
                row["customerSegment"],
                row["birthday"],
                "yes" if row["birthdayTodayFlag"] else "no",
                row["fullName"],
            ]
            for row in found
        ],
    )
    if len(found) < count:
        click.echo(f"only {len(found)} found", err=True)
        sys.exit(1)
