"""The guide's recipe for nginx in front of the sandbox, with a real nginx."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.guards.guide import block

from .conftest import HEADERS, PATH, Serve, Server

LUIS = {"customerId": "321116471234"}
CONFIGURATION = """
daemon off;
pid {directory}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/sandbox.conf;
}}
"""


@contextmanager
def nginx(server: Server, directory: Path, recipe: str) -> Iterator[str]:
    """Run nginx in front of a server, by a recipe; return its base URL."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or ""
    if not program:
        message = "nginx is missing; on Debian: apt-get install nginx-light"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = recipe.replace("127.0.0.1:8088", f"127.0.0.1:{port}").replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    (directory / "sandbox.conf").write_text(text)
    (directory / "nginx.conf").write_text(CONFIGURATION.format(directory=directory))
    command = [program, "-p", str(directory), "-e", "stderr", "-c", str(directory / "nginx.conf")]
    with subprocess.Popen(command) as process:
        try:
            transport = httpx2.HTTPTransport(retries=8)
            with httpx2.Client(transport=transport) as client:
                client.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_behind_nginx_calls_arrive_whole_and_the_console_may_steer(server: Server, tmp_path: Path) -> None:
    with nginx(server, tmp_path, block("sandbox.conf").text) as url:
        assert httpx2.post(url + PATH, json=LUIS, headers=HEADERS).status_code == 200
        clock = f"{url}/_sandbox/spaces/behind-nginx/clock"
        assert httpx2.put(clock, json={"advance": "1s"}, headers={"Origin": url}).status_code == 200
        assert httpx2.put(clock, json={"advance": "1s"}, headers={"Origin": "http://evil.example"}).status_code == 403
        assert httpx2.get(f"{url}/console/live", headers={"Accept": "text/html"}).status_code == 200


def test_without_the_recipes_line_nginx_drops_the_client_id_and_the_reason_says_so(
    server: Server, tmp_path: Path
) -> None:
    lines = block("sandbox.conf").text.splitlines()
    with nginx(server, tmp_path, "\n".join(line for line in lines if "underscores_in_headers" not in line)) as url:
        answer = httpx2.post(url + PATH, json=LUIS, headers=HEADERS)
    assert answer.status_code == 401
    assert "nginx" in answer.headers["x-sandbox-reason"]


def test_behind_nginx_under_another_name_the_api_answers_and_steering_wants_the_token(
    server: Server, serve_once: Serve, tmp_path: Path
) -> None:
    named = {"Host": "sandbox.test"}
    with nginx(server, tmp_path, block("sandbox.conf").text) as url:
        assert httpx2.post(url + PATH, json=LUIS, headers={**HEADERS, **named}).status_code == 200
        assert httpx2.get(f"{url}/_sandbox/spaces", headers=named).status_code == 403
    exposed = serve_once("--host", "0.0.0.0")
    with nginx(exposed, tmp_path, block("sandbox.conf").text) as url:
        token = {"Authorization": f"Bearer {exposed.ready['token']}"}
        assert httpx2.get(f"{url}/_sandbox/spaces", headers=named).status_code == 401
        assert httpx2.get(f"{url}/_sandbox/spaces", headers={**named, **token}).status_code == 200
