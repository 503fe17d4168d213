"""`customers`: who there is."""

import json
import sys
from typing import Any

import click

from sandbox.settings import Settings

from .common import BUILT_IN, SCENARIOS, in_process, print_table, setting_option


@click.command()
@click.option("--birthday", metavar="today|never|MM-DD", help="Only customers with this birthday.")
@click.option("--segment", help="Only customers in this segment.")
@click.option("--country", help="The country to search; the first of the world file by default.")
@click.option("-n", "--count", default=5, show_default=True, help="How many to find.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a sheet that `import` reads.")
@setting_option(SCENARIOS)
@setting_option(BUILT_IN)
def customers(
    birthday: str | None,
    segment: str | None,
    country: str | None,
    count: int,
    as_json: bool,
    as_csv: bool,
    **flags: Any,
) -> None:
    """Find customers by birthday, segment or country."""
    from sandbox import views
    from sandbox.user_errors import UserError

    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms of the same; give one of them")
    sandbox = in_process(Settings(**flags))
    try:
        found = [views.customer(each) for each in sandbox.people().search(count, country, birthday, segment).customers]
    except UserError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if as_csv:
        from sandbox.files.sheets import sheet

        click.echo(sheet(found), nl=False)
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
