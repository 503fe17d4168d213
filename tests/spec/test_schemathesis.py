import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import httpx2
import pytest

from .conftest import HEADERS, Serve, Server

# The bank's schema lets `{}` and empty numbers pass, which identify nobody and are answered with 400; and it does not
# say which countries, businesses and channels there are. So 400 and 403 are fine answers to data that fit the schema.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = [200, 400, 401, 403, 404, 422, 500]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 413, 422]
"""


def attack(url: str, document: str, headers: dict[str, str], directory: Path, *more: str) -> None:
    (directory / "schemathesis.toml").write_text(CONFIGURATION)
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(directory / "schemathesis.toml")]
    command += ["run", f"{url}/{document}", "--url", f"{url}/api", "--generation-deterministic"]
    command += ["--max-examples", "60", "--continue-on-failure", "--workers", "1", *more]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    attack(server.url, "openapi.json", HEADERS, tmp_path)


@pytest.mark.parametrize("call", ["token", "e2eKey"])
@pytest.mark.slow
def test_schemathesis_finds_nothing_in_the_companions_of_a_strict_bank(serve: Serve, tmp_path: Path, call: str) -> None:
    server = serve("--profile", "clients,tokens")
    authorization = "Basic " + b64encode(b"branch-app:branch-secret").decode()
    if call == "e2eKey":
        issued = httpx2.post(f"{server.url}/_sandbox/tokens", json={"client_id": HEADERS["client_id"]}).json()
        authorization = f"Bearer {issued['access_token']}"
    headers = {**HEADERS, "Authorization": authorization}
    del headers["Content-Type"]
    attack(server.url, "companions.openapi.json", headers, tmp_path, "--include-operation-id", call)
