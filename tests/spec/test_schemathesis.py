import subprocess
import sys
from pathlib import Path

from .conftest import HEADERS, Server

# The bank's schema lets `{}` and empty numbers pass, which identify nobody and are answered with 400; and it does not
# say which countries, businesses and channels there are. So 400 and 403 are fine answers to data that fit the schema.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = [200, 400, 401, 403, 404, 422, 500]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 413, 422]
"""


def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(tmp_path / "schemathesis.toml")]
    command += ["run", f"{server.url}/openapi.json", "--url", f"{server.url}/api", "--generation-deterministic"]
    command += ["--max-examples", "60", "--continue-on-failure", "--workers", "1"]
    for name, value in HEADERS.items():
        command += ["--header", f"{name}: {value}"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
