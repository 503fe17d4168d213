"""`ask`: one call, answered without a server."""

import json
import os
from typing import Any

import click

from .common import LIVE_TEXTS, PROFILE, SCENARIOS, checked_settings, in_process, setting_option


@click.command()
@click.option("--customer-id", help="The customerId to ask about.")
@click.option("--card-number", help="The cardNumber to ask about.")
@click.option("--body", help="Send this body, whatever it is.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Add a header, or replace one.")
@setting_option(SCENARIOS)
@setting_option(PROFILE)
@setting_option(LIVE_TEXTS)
def ask(
    customer_id: str | None, card_number: str | None, body: str | None, headers: tuple[str, ...], **flags: Any
) -> None:
    """Answer one call without a server; print status, headers and body."""
    from http import HTTPStatus

    from sandbox.core.messages import bank_request
    from sandbox.server.app import reply_headers

    if body is None:
        fields = {"customerId": customer_id, "cardNumber": card_number}
        body = json.dumps({name: value for name, value in fields.items() if value is not None})
    elif customer_id is not None or card_number is not None:
        raise click.UsageError("--body replaces --customer-id and --card-number; give one or the other")
    sandbox = in_process(checked_settings(flags))
    sent = {name.lower(): value for name, value in sandbox.valid_headers().items()}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"--header: found {header!r}, expected 'NAME: VALUE'")
        sent[name.strip().lower()] = value.strip()
    raw_headers = [(os.fsencode(name), os.fsencode(value)) for name, value in sent.items()]
    request = bank_request(raw_headers, os.fsencode(body))
    operation = sandbox.contract.main
    decision, _ = sandbox.answer(operation, request, operation.method, operation.base_path + operation.path)
    click.echo(f"HTTP/1.1 {decision.reply.status} {HTTPStatus(decision.reply.status).phrase}")
    for key, content in reply_headers(decision, request.headers.get("uuid", "")):
        click.echo(f"{key.decode()}: {content.decode('utf-8', 'replace')}")
    click.echo(f"\n{decision.reply.body.decode()}")
    if decision.fault:
        click.echo(f"(a server would have committed {decision.fault})", err=True)
    if decision.delay:
        click.echo(f"(a server would have waited {decision.delay:g} s)", err=True)
