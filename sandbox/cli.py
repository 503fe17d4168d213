"""The command line: `segment-sandbox`. Wrong usage is one clear line and exit code 2."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from . import __version__
from .settings import SETTINGS, Setting, Settings

# Everything else is imported by the command that needs it: `--help` and `health` answer at once.
if TYPE_CHECKING:
    from .runtime import Sandbox
    from .server.tls import Certificates

Command = TypeVar("Command", bound=Callable[..., Any])

_SCENARIOS, _PROFILE, _LIVE_TEXTS = (
    next(setting for setting in SETTINGS if setting.name == name) for name in ("scenarios", "profile", "live_texts")
)


def _option(setting: Setting) -> Callable[[Command], Command]:
    return click.option(
        setting.flag,
        setting.name,
        type=click.Path(path_type=Path) if setting.type is Path else setting.type,
        default=setting.default,
        multiple=setting.many,
        envvar=setting.variable,
        show_envvar=True,
        show_default=setting.default not in (None, ()),
        help=setting.help,
    )


def main() -> NoReturn:
    """Run the command that was asked for."""
    try:
        commands.main(prog_name="segment-sandbox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "segment-sandbox"
        _fail(f"{error.format_message()} See: {path} --help", 2)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    sys.exit(0)


_client_id_option = click.option("--client-id", default="branch-app", show_default=True, help="Whose it is.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="segment-sandbox %(version)s")
def commands() -> None:
    """The bank's customer-segment API on your own machine."""


@commands.command()
def serve(**flags: Any) -> None:
    """Serve the API."""
    from .server.guard import with_token
    from .server.protocol import log_to_stderr
    from .server.protocol import serve as run
    from .server.tls import Certificates
    from .user_errors import UserError

    settings = with_token(_settings(flags))
    log_to_stderr(settings.access_log)
    sandbox = _sandbox(settings)
    try:
        certificates = Certificates(settings) if settings.is_tls else None
    except UserError as error:
        raise click.UsageError(str(error)) from None

    def greet(urls: list[str]) -> None:
        # A server whose greeting nobody reads serves all the same.
        with suppress(OSError):
            _greet(urls, sandbox, certificates)

    sys.exit(run(sandbox, greet, certificates))


for _setting in SETTINGS:
    _option(_setting)(serve)


@commands.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
def check(path: Path | None) -> None:
    """Check scenario files; without PATH, those that ship. Exit 1 with all mistakes."""
    from .files.loader import MAGIC_FILE, Loader, ScenarioMistakes, load_contract

    try:
        scenery = Loader(load_contract(), path).load()
    except ScenarioMistakes as mistakes:
        for mistake in mistakes.mistakes:
            click.echo(mistake)
        click.echo(mistakes, err=True)
        sys.exit(1)
    own = [file for file in scenery.files if not file.endswith(MAGIC_FILE)]
    files = "1 file" if len(own) == 1 else f"{len(own)} files"
    click.echo(f"{files} and the shipped magic values, {scenery.counts.total()} scenarios, no mistake")


@commands.command()
@click.option("--customer-id", help="The customerId to ask about.")
@click.option("--card-number", help="The cardNumber to ask about.")
@click.option("--body", help="A raw body instead.")
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Another header, or a changed one."
)
@_option(_SCENARIOS)
@_option(_PROFILE)
@_option(_LIVE_TEXTS)
def ask(
    customer_id: str | None, card_number: str | None, body: str | None, headers: tuple[str, ...], **flags: Any
) -> None:
    """Answer one call without a server; print status, headers and body."""
    from http import HTTPStatus

    from .core.messages import bank_request
    from .server.app import reply_headers
    from .state.interface import run_now

    if body is None:
        fields = {"customerId": customer_id, "cardNumber": card_number}
        body = json.dumps({name: value for name, value in fields.items() if value is not None})
    elif customer_id is not None or card_number is not None:
        raise click.UsageError("--body takes the place of --customer-id and --card-number; give one or the other")
    sandbox = _sandbox(_settings(flags))
    sent = {name.lower(): value for name, value in sandbox.valid_headers().items()}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"--header: found {header!r}, expected 'NAME: VALUE'")
        sent[name.strip().lower()] = value.strip()
    raw_headers = [(os.fsencode(name), os.fsencode(value)) for name, value in sent.items()]
    request = bank_request(raw_headers, os.fsencode(body))
    decision, _ = run_now(sandbox.answer(request))
    click.echo(f"HTTP/1.1 {decision.reply.status} {HTTPStatus(decision.reply.status).phrase}")
    for key, content in reply_headers(decision, request.headers.get("uuid", "")):
        click.echo(f"{key.decode()}: {content.decode('utf-8', 'replace')}")
    click.echo(f"\n{decision.reply.body.decode()}")
    if decision.fault:
        click.echo(f"(a server would have committed {decision.fault})", err=True)
    if decision.delay:
        click.echo(f"(a server would have waited {decision.delay:g} s)", err=True)


@commands.command()
@click.option("--birthday", metavar="today|never|MM-DD", help="Only customers with this birthday.")
@click.option("--segment", help="Only customers in this segment.")
@click.option("--country", help="The country to look in; the world's first by default.")
@click.option("-n", "--count", default=5, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_option(_SCENARIOS)
def customers(
    birthday: str | None, segment: str | None, country: str | None, count: int, as_json: bool, scenarios: Path | None
) -> None:
    """Find customers with a property."""
    from .control.routes import customer_json
    from .user_errors import UserError

    sandbox = _sandbox(Settings(scenarios=scenarios))
    try:
        found = [customer_json(each) for each in sandbox.people().search(count, country, birthday, segment).customers]
    except UserError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    _table(
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


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_option(_SCENARIOS)
def errors(as_json: bool, scenarios: Path | None) -> None:
    """List every error, with its magic values and its header."""
    catalogue = _sandbox(Settings(scenarios=scenarios)).catalogue()
    if as_json:
        click.echo(json.dumps(catalogue, ensure_ascii=False, indent=2))
        return
    _table(
        ["status", "type", "code", "customerId", "cardNumber", "header"],
        [
            [
                str(error["status"]),
                error.get("type", "gateway"),
                error.get("code") or error["gateway"],
                error["customerId"] or "-",
                error["cardNumber"] or "-",
                error["headers"][0],
            ]
            for error in catalogue
        ],
    )


@commands.command()
@_client_id_option
@click.option("--scope", help="What it is for; /api/v1 by default.")
@click.option("--lifetime", help="How long it lasts: 90s, 30m; 30m by default, 0s makes one that has expired.")
@_option(_SCENARIOS)
def token(client_id: str, scope: str | None, lifetime: str | None, scenarios: Path | None) -> None:
    """Issue a token, which every sandbox with the same seed knows; print it."""
    from datetime import timedelta

    from .core.durations import read_duration
    from .user_errors import UserError

    sandbox = _sandbox(Settings(scenarios=scenarios))
    try:
        seconds = timedelta(seconds=read_duration(lifetime)) if lifetime is not None else None
        click.echo(sandbox.issue_token(client_id, scope, seconds)["access_token"])
    except UserError as error:
        raise click.UsageError(str(error)) from None
    except ValueError as mistake:
        raise click.UsageError(f"--lifetime: {mistake}") from None


@commands.command()
@_client_id_option
@_option(_SCENARIOS)
def session(client_id: str, scenarios: Path | None) -> None:
    """Begin a session, which every sandbox with the same seed knows; print its sid."""
    from .state.interface import run_now

    click.echo(run_now(_sandbox(Settings(scenarios=scenarios)).begin_session(client_id)))


@commands.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Make DIRECTORY with commented scenario files to start from."""
    from .files.loader import SCENARIO_SCHEMA_FILE, STARTER_FILE, WORLD_FILE, WORLD_SCHEMA_FILE, shipped_scenarios

    shipped = shipped_scenarios()
    files = {
        directory / STARTER_FILE.name: STARTER_FILE,
        directory / WORLD_FILE: shipped / WORLD_FILE,
        directory / ".schema" / SCENARIO_SCHEMA_FILE.name: SCENARIO_SCHEMA_FILE,
        directory / ".schema" / WORLD_SCHEMA_FILE.name: WORLD_SCHEMA_FILE,
    }
    if there := [target for target in files if target.exists()]:
        _fail(f"{there[0]} is there already; choose another directory or move it away")
    for target, source in files.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            source.read_text("utf-8").replace("$schema=../sandbox/documents/", "$schema=.schema/"), "utf-8"
        )
        click.echo(f"wrote {target}")
    click.echo(f"now: segment-sandbox serve --scenarios {directory}")


@commands.command()
@click.option(
    "--url", envvar="SANDBOX_URL", show_envvar=True, help="Its base URL; by default, where the environment has it."
)
def health(url: str | None) -> None:
    """Ask a running sandbox how it is. Exit 1 when it does not answer or is not ready."""
    import ssl
    from http.client import HTTPException
    from urllib.request import HTTPSHandler, ProxyHandler, build_opener

    url = url or _own_url(os.environ)
    # How it is is no secret, and a throw-away certificate proves nothing.
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        # A sandbox is asked itself, whatever proxy the environment names.
        with build_opener(ProxyHandler({}), HTTPSHandler(context=anybody)).open(
            f"{url.rstrip('/')}/_sandbox/health", timeout=3
        ) as reply:
            click.echo(reply.read().decode().rstrip())
    except (OSError, ValueError, HTTPException) as error:
        _fail(f"{url} does not answer: {error}")


def _own_url(environment: Mapping[str, str]) -> str:
    """Return where a sandbox with these settings is on this machine, without TLS if it is there, too."""
    if port := environment.get("SANDBOX_HTTP_PORT"):
        return f"http://127.0.0.1:{port}"
    is_tls = environment.get("SANDBOX_TLS_CERT") or click.BOOL.convert(environment.get("SANDBOX_TLS", ""), None, None)
    return f"http{'s' if is_tls else ''}://127.0.0.1:{environment.get('SANDBOX_PORT', '8080')}"


def _settings(flags: dict[str, Any]) -> Settings:
    try:
        return Settings(**flags).checked()
    except ValueError as mistake:
        raise click.UsageError(str(mistake)) from None


def _sandbox(settings: Settings) -> "Sandbox":
    from .files.loader import ScenarioMistakes
    from .runtime import Sandbox

    try:
        return Sandbox(settings)
    except ScenarioMistakes as mistakes:
        for mistake in mistakes.mistakes:
            click.echo(mistake, err=True)
        _fail(str(mistakes))


def _fail(message: str, code: int = 1) -> NoReturn:
    click.echo(f"segment-sandbox: {message}", err=True)
    sys.exit(code)


def _greet(urls: list[str], sandbox: "Sandbox", certificates: "Certificates | None") -> None:
    url, *others = urls
    trust = []
    click.echo(f"Segment Sandbox {__version__} is ready on {url}")
    for other in others:
        click.echo(f"also on {other}")
    for option, title, file in (
        ("--cacert", "root certificate", certificates and certificates.root),
        ("--cert", "client certificate", certificates and certificates.client),
    ):
        if file:
            click.echo(f"{title}: {file}")
            trust.append(f"{option} {shlex.quote(str(file))}")
    click.echo()
    if sandbox.settings.control_token and not sandbox.settings.is_loopback:
        click.echo(f"control token: {sandbox.settings.control_token}\n")
    click.echo(f"{sandbox.curl(url, trust)}\n")
    sys.stdout.flush()


def _table(head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
