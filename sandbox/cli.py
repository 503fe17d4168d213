"""The command line: `segment-sandbox`. Wrong usage is one clear line and exit code 2."""

import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from . import __version__
from .cli_check import check
from .cli_sheets import import_sheet
from .core.messages import one_line
from .settings import ENVIRONMENT_PREFIX, SETTINGS, Setting, Settings

# Everything else is imported by the command that needs it: `--help` and `health` answer at once.
if TYPE_CHECKING:
    from .core.decide import Decision
    from .runtime import Sandbox
    from .server.tls import Certificates

Command = TypeVar("Command", bound=Callable[..., Any])

_SCENARIOS, _BUILT_IN, _PROFILE, _LIVE_TEXTS = (
    next(setting for setting in SETTINGS if setting.name == name)
    for name in ("scenarios", "built_in", "profile", "live_texts")
)


def _option(setting: Setting) -> Callable[[Command], Command]:
    return click.option(
        setting.flag,
        setting.name,
        type=_option_type(setting),
        default=setting.default,
        multiple=setting.many,
        envvar=setting.variable,
        show_envvar=True,
        show_default=setting.default not in (None, ()),
        help=setting.help,
    )


def _option_type(setting: Setting) -> Any:
    if setting.choices:
        return click.Choice(setting.choices)
    if setting.bounds:
        return (click.IntRange if setting.type is int else click.FloatRange)(*setting.bounds)
    return click.Path(path_type=Path) if setting.type is Path else setting.type


def main() -> NoReturn:
    """Run the command that was asked for."""
    try:
        commands.main(prog_name="segment-sandbox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "segment-sandbox"
        _fail(f"{_sentence(error.format_message())} See: {path} --help", 2)
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


_client_id_option = click.option(
    "--client-id", default="branch-app", show_default=True, help="The client that it belongs to."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="segment-sandbox %(version)s")
def commands() -> None:
    """The bank's customer-segment API on your own machine."""


commands.add_command(check)
commands.add_command(import_sheet)


@commands.command()
def serve(**flags: Any) -> None:
    """Serve the API."""
    from .server.guard import with_token
    from .server.log import log_to_stderr
    from .server.server import collect_seldom
    from .server.server import serve as run
    from .server.tls import Certificates
    from .user_errors import UserError

    settings = with_token(_settings(flags))
    log = log_to_stderr()
    for warning in _unknown_variables(os.environ):
        logging.getLogger("sandbox").warning("%s", warning)
    collect_seldom()
    sandbox = _sandbox(settings)
    try:
        certificates = Certificates(settings) if settings.is_tls else None
    except UserError as error:
        raise click.UsageError(str(error)) from None

    def greet(urls: list[str]) -> None:
        # A server whose greeting nobody reads serves all the same.
        with suppress(OSError):
            _greet(urls, sandbox, certificates)

    sys.exit(run(sandbox, greet, log, certificates))


for _setting in SETTINGS:
    _option(_setting)(serve)


@commands.command()
@click.option("--customer-id", help="The customerId to ask about.")
@click.option("--card-number", help="The cardNumber to ask about.")
@click.option("--body", help="Send this body, whatever it is.")
@click.option("--operation", help="Call another operation: token (login) or e2eKey (key exchange).")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Add a header, or replace one.")
@_option(_SCENARIOS)
@_option(_BUILT_IN)
@_option(_PROFILE)
@_option(_LIVE_TEXTS)
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

    from .core.schema import meant
    from .server.replies import headers_of
    from .state.interface import run_now

    if body is not None and (customer_id is not None or card_number is not None):
        raise click.UsageError("--body replaces --customer-id and --card-number; give one or the other")
    sandbox = _sandbox(_settings(flags))
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


@commands.command()
@click.option("--birthday", metavar="today|never|MM-DD", help="Only customers with this birthday.")
@click.option("--segment", help="Only customers in this segment.")
@click.option("--country", help="The country to search; the first of the world file by default.")
@click.option("-n", "--count", default=5, show_default=True, help="How many to find.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a sheet that `import` reads.")
@_option(_SCENARIOS)
@_option(_BUILT_IN)
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
    from . import views
    from .user_errors import UserError

    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms of the same; give one of them")
    sandbox = _sandbox(Settings(**flags))
    try:
        found = [views.customer(each) for each in sandbox.people().search(count, country, birthday, segment).customers]
    except UserError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if as_csv:
        from .files.sheets import sheet

        click.echo(sheet(found), nl=False)
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
def errors(as_json: bool, scenarios: tuple[Path, ...]) -> None:
    """List every error with its magic values and its header."""
    from . import views

    catalogue = views.catalogue(_sandbox(Settings(scenarios=scenarios)))
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
@click.option("--scope", help="The scope of the token; /api/v1 by default.")
@click.option(
    "--lifetime", help="How long it is valid, such as 90s or PT30M; 30m by default. 0s makes an expired token."
)
@_option(_SCENARIOS)
def token(client_id: str, scope: str | None, lifetime: str | None, scenarios: tuple[Path, ...]) -> None:
    """Issue a token and print it. Every sandbox with the same seed accepts it."""
    from datetime import timedelta

    from .core.times import read_duration
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
def session(client_id: str, scenarios: tuple[Path, ...]) -> None:
    """Begin a session and print its sid. Every sandbox with the same seed accepts it."""
    from .state.interface import run_now

    click.echo(run_now(_sandbox(Settings(scenarios=scenarios)).begin_session(client_id)))


@commands.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Create DIRECTORY with commented scenario files to start from."""
    from .files.shipped import SCENARIO_SCHEMA_FILE, STARTER_FILE, WORLD_FILE, WORLD_SCHEMA_FILE, shipped_scenarios

    shipped = shipped_scenarios()
    files = {
        directory / STARTER_FILE.name: STARTER_FILE,
        directory / WORLD_FILE: shipped / WORLD_FILE,
        directory / ".schema" / SCENARIO_SCHEMA_FILE.name: SCENARIO_SCHEMA_FILE,
        directory / ".schema" / WORLD_SCHEMA_FILE.name: WORLD_SCHEMA_FILE,
    }
    if there := [target for target in files if target.exists()]:
        _fail(f"{there[0]} exists; choose another directory or move it away")
    for target, source in files.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            source.read_text("utf-8").replace("$schema=../sandbox/documents/", "$schema=.schema/"), "utf-8"
        )
        click.echo(f"wrote {target}")
    click.echo(f"now: segment-sandbox serve --scenarios {directory}")


@commands.command()
@click.option(
    "--url",
    envvar="SANDBOX_URL",
    show_envvar=True,
    help="Its base URL; by default that of this machine, by the same variables as serve.",
)
def health(url: str | None) -> None:
    """Show the health of a running sandbox. Exit 1 when it does not answer."""
    import ssl
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, ProxyHandler, build_opener

    url = url or _own_url(os.environ)
    if not url.lower().startswith(("http://", "https://")):
        raise click.UsageError(f"--url: found {url[:80]!r}, expected one such as http://127.0.0.1:8080")
    # Health is no secret, and a throw-away certificate proves nothing.
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        # A sandbox is asked itself, whatever proxy the environment names.
        with build_opener(ProxyHandler({}), HTTPSHandler(context=anybody)).open(
            f"{url.rstrip('/')}/_sandbox/health", timeout=3
        ) as reply:
            click.echo(reply.read().decode("utf-8", "replace").rstrip())
    except HTTPError as error:
        _fail(f"{url} answered {error.code}, expected 200; is this a sandbox? Say where it is with --url")
    except (OSError, ValueError, HTTPException) as error:
        _fail(f"{url}: {_why_no_answer(error)}")


def _why_no_answer(error: Exception) -> str:
    """Say in words why a sandbox could not be asked, and what to do."""
    from http.client import BadStatusLine, InvalidURL
    from socket import gaierror
    from ssl import SSLError
    from urllib.error import URLError

    reason = error.reason if isinstance(error, URLError) else error
    match reason:
        case ConnectionRefusedError():
            return "nobody listens there; start it with segment-sandbox serve, or say where it is with --url"
        case gaierror():
            return "there is no host of that name; say where the sandbox is with --url"
        case TimeoutError():
            return "no answer within 3 s; is it busy, or is something else there?"
        case SSLError(reason=problem):
            if problem and "REQUIRED" in problem:
                return "it wants a client certificate; ask it without HTTPS, by serve --http-port and --url http://..."
            return "it does not speak HTTPS; say http://... with --url"
        case ConnectionError():
            return "the connection was closed without an answer; does it want https://, or a client certificate?"
        case BadStatusLine():
            return "what answers there does not speak HTTP; say where the sandbox is with --url"
        case ValueError() | InvalidURL() | str():
            return "this is no URL that can be asked; expected one such as http://127.0.0.1:8080"
    return "it can't be reached; is the address right, and the network up?"


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Warn of each variable that looks like a setting and is none, nor an option of another command."""
    options = (option for command in commands.commands.values() for option in command.params)
    known = {str(option.envvar) for option in options if option.envvar}
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            ends = sorted(each.removeprefix(ENVIRONMENT_PREFIX) for each in known)
            close = get_close_matches(name.removeprefix(ENVIRONMENT_PREFIX), ends, n=1)
            hint = f"did you mean {ENVIRONMENT_PREFIX}{close[0]}?" if close else "see segment-sandbox serve --help"
            yield f"the environment variable {one_line(name)} is no setting and has no effect; {hint}"


def _own_url(environment: Mapping[str, str]) -> str:
    """Return the URL of a sandbox with these settings on this machine, the one without TLS where there are two."""
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


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


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
