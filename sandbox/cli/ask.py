"""`ask`: one call, answered without a server."""

import json
import os
from typing import TYPE_CHECKING, Any

import click

from .common import BUILT_IN, LIVE_TEXTS, PROFILE, SCENARIOS, checked_settings, in_process, setting_option

if TYPE_CHECKING:
    from sandbox.core.decide import Decision


@click.command()
@click.option("--customer-id", help="The customerId to ask about.")
@click.option("--card-number", help="The cardNumber to ask about.")
@click.option("--body", help="Send this body, whatever it is.")
@click.option("--operation", help="Call another operation: token (login) or e2eKey (key exchange).")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Add a header, or replace one.")
@setting_option(SCENARIOS)
@setting_option(BUILT_IN)
@setting_option(PROFILE)
@setting_option(LIVE_TEXTS)
def ask(
    customer_id: str | None,
    card_number: str | None,
    body: str | None,
    operation: str | None,
    headers: tuple[str, ...],
    **flags: Any,
) -> None:
    """Answer one call without a server; print status, headers and body."""
    from http import HTTPStatus

    from sandbox.core.schema import meant
    from sandbox.server.replies import headers_of
    from sandbox.state.interface import run_now

    if body is not None and (customer_id is not None or card_number is not None):
        raise click.UsageError("--body replaces --customer-id and --card-number; give one or the other")
    sandbox = in_process(checked_settings(flags))
    operations = sandbox.contract.operations
    if (called := operations.get(operation or sandbox.contract.main.id)) is None:
        raise click.UsageError(f"--operation: found {operation!r}; {meant(operation, operations)}")
    if body is None:
        fields = {"customerId": customer_id, "cardNumber": card_number}
        given = {name: value for name, value in fields.items() if value is not None}
        body = json.dumps(given) if called.identity_fields else sandbox.valid_body(called)
    sent = {name.lower(): value for name, value in sandbox.valid_headers(operation=called).items()}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"--header: found {header!r}, expected 'NAME: VALUE'")
        sent[name.strip().lower()] = value.strip()
    raw_headers = [(os.fsencode(name), os.fsencode(value)) for name, value in sent.items()]
    path = called.base_path + called.path
    call = run_now(sandbox.answer(called, raw_headers, os.fsencode(body), b"", called.method, path))
    decision: Decision = call.decision
    click.echo(f"HTTP/1.1 {decision.reply.status} {HTTPStatus(decision.reply.status).phrase}")
    for key, content in [*headers_of(decision), *([(b"uuid", call.uuid.encode("latin-1"))] if call.uuid else [])]:
        click.echo(f"{key.decode()}: {content.decode('utf-8', 'replace')}")
    click.echo(f"\n{decision.reply.body.decode()}")
    if decision.fault:
        click.echo(f"(a server would have injected {decision.fault})", err=True)
    if decision.delay:
        click.echo(f"(a server would have waited {decision.delay:g} s)", err=True)
