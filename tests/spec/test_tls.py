"""HTTPS: a throw-away authority, given files, client certificates, and plain HTTP beside it."""

import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import trustme

from .conftest import HEADERS, PATH, Serve, Server

LUIS = {"customerId": "321116471234"}


def written(server: Server, title: str) -> Path:
    """Return the file that the greeting names, for people as for programs."""
    first, second = title.split()
    path = str(server.ready[first + second.capitalize()])
    assert f"{title}: {path}\n" in server.greeting
    return Path(path)


def context(root: Path, client: Path | None = None) -> ssl.SSLContext:
    found = ssl.create_default_context(cafile=root)
    if client:
        found.load_cert_chain(client)
    return found


def ask(url: str, verify: ssl.SSLContext, **headers: str) -> httpx2.Response:
    with httpx2.Client(verify=verify) as client:
        return client.post(url + PATH, json=LUIS, headers={**HEADERS, **headers})


def test_the_throw_away_root_is_written_out_and_is_all_that_a_client_needs(serve: Serve) -> None:
    server = serve("--tls")
    root = written(server, "root certificate")
    assert server.url.startswith("https://127.0.0.1:")
    for host in ("127.0.0.1", "localhost"):
        answer = ask(f"https://{host}:{server.port}", context(root))
        assert answer.json()["customer"]["fullName"] == "Luis Diaz Salinas"
    with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
        ask(server.url, ssl.create_default_context())
    assert server.stop() == 0
    assert not root.exists()


def test_another_name_is_on_the_certificate(serve: Serve, tmp_path: Path) -> None:
    server = serve("--tls", "--tls-name", "sandbox.test", "--tls-directory", str(tmp_path / "tls"))
    root = tmp_path / "tls" / "ca.pem"
    plain = socket.create_connection(("127.0.0.1", server.port), 10)
    with plain, context(root).wrap_socket(plain, server_hostname="sandbox.test") as connection:
        assert ("DNS", "sandbox.test") in (connection.getpeercert() or {})["subjectAltName"]
    assert server.stop() == 0
    assert root.exists()


def test_mutual_tls_lets_in_who_has_the_client_certificate(serve_once: Serve) -> None:
    server = serve_once("--tls", "--mutual-tls")
    root, client = written(server, "root certificate"), written(server, "client certificate")
    assert ask(server.url, context(root, client)).status_code == 200
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.ConnectError)):
        ask(server.url, context(root))
    assert stat.S_IMODE(client.stat().st_mode) == 0o600


def test_given_files_are_used(serve: Serve, tmp_path: Path) -> None:
    authority, clients = trustme.CA(), trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    files = {
        "root.pem": authority.cert_pem,
        "cert.pem": leaf.cert_chain_pems[0],
        "key.pem": leaf.private_key_pem,
        "clients.pem": clients.cert_pem,
        "client.pem": clients.issue_cert(common_name="app").private_key_and_cert_chain_pem,
    }
    for name, content in files.items():
        content.write_to_path(str(tmp_path / name))
    given = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    server = serve(*given, "--mutual-tls", "--tls-client-ca", str(tmp_path / "clients.pem"))
    assert "root certificate" not in server.greeting
    assert server.ready["rootCertificate"] is server.ready["clientCertificate"] is None
    assert ask(server.url, context(tmp_path / "root.pem", tmp_path / "client.pem")).status_code == 200


def test_http_is_served_beside_it_if_wanted(serve: Serve) -> None:
    server = serve("--tls", "--mutual-tls", "--http-port", "0")
    url, plain = server.ready["urls"]
    assert (url, f"also on {plain}\n" in server.greeting) == (server.url, True)
    assert plain.startswith("http://127.0.0.1:")
    assert httpx2.post(plain + PATH, json=LUIS, headers=HEADERS).status_code == 200
    health = [sys.executable, "-m", "sandbox", "health", "--url", plain]
    assert subprocess.run(health, capture_output=True, check=False).returncode == 0
    assert server.stop() == 0


def test_a_port_that_is_taken_is_exit_3(server: Server) -> None:
    taken = str(server.port)
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--tls", "--http-port", taken]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, "in use" in result.stderr) == (3, True)


def test_health_asks_over_tls_where_the_environment_says_so(serve: Serve) -> None:
    server = serve(SANDBOX_TLS="true")
    command = [sys.executable, "-m", "sandbox", "health"]
    environment = {"SANDBOX_TLS": "true", "SANDBOX_PORT": str(server.port)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.returncode, '"status": "ok"' in result.stdout) == (0, True)


def test_the_greeting_over_tls_is_a_command_that_works(serve_once: Serve) -> None:
    greeting = serve_once("--tls", "--mutual-tls").greeting
    result = subprocess.run(greeting[greeting.index("curl") :], shell=True, capture_output=True, text=True, check=False)
    assert "Luis Diaz Salinas" in result.stdout, result.stderr


@pytest.mark.parametrize("fault", ["connectionReset", "emptyResponse", "closeMidBody", "garbageThenClose"])
def test_a_fault_over_tls_breaks_the_connection(serve_once: Serve, fault: str) -> None:
    server = serve_once("--tls")
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        ask(server.url, context(written(server, "root certificate")), **{"X-Sandbox-Fault": fault})


def test_whoever_speaks_no_tls_is_hung_up_on_and_hurts_nobody(serve_once: Serve) -> None:
    server = serve_once("--tls")
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(1000) == b""
    assert ask(server.url, context(written(server, "root certificate"))).status_code == 200
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--tls-cert", "nowhere.pem"], "tls_cert: nowhere.pem: expected certificate and key as PEM files"),
        (["--tls-cert", __file__], "expected certificate and key as PEM files"),
        (["--tls-key", "key.pem"], "tls_key: it needs its certificate"),
        (["--http-port", "8081"], "tls: settings of HTTPS were given without --tls or --tls-cert"),
        (["--mutual-tls"], "tls: settings of HTTPS were given without --tls or --tls-cert"),
        (["--tls-cert", "cert.pem", "--mutual-tls"], "mutual_tls: with --tls-cert it needs --tls-client-ca"),
        (["--tls", "--tls-client-ca", "ca.pem"], "tls_client_ca: it needs --mutual-tls"),
        (["--tls-cert", "cert.pem", "--tls-name", "x"], "tls_cert: --tls-directory and --tls-name"),
        (["--tls", "--tls-name", "not a name"], "tls_name"),
        (["--tls", "--tls-name", "xn--a.test"], "tls_name"),
        (["--tls", "--tls-name", ".".join(["a" * 63] * 4)], "tls_name"),
        (["--tls", "--tls-directory", "/dev/null/x"], "tls_directory: /dev/null/x: expected a directory"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(flags: list[str], hint: str) -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 2
    assert hint in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['trustme'] = None; from sandbox.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--tls"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, "segment-sandbox[tls]" in result.stderr) == (2, True)
