"""A channel's client that does everything right. Those beside it are broken, each in the one thing that it overrides.

It logs in, has a timeout for the whole call, takes an error for an error, sends again what may be sent again, with a
uuid of its own and after the pause that was asked for, and says at the end what came of it.
"""

import http.client
import json
import os
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

CUSTOMERS = ("321116471234", "100000000001")
SECONDS, ATTEMPTS = 2.0, 3


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: Any


class GaveUpError(Exception):
    """The call can't be made now."""


class Channel:
    def __init__(self) -> None:
        self.client_id = os.environ["SANDBOX_CLIENT_ID"]
        self.token: str | None = None

    def main(self) -> None:
        try:
            for customer_id in CUSTOMERS:
                print(customer_id, self.ask(customer_id))
        except GaveUpError as reason:
            print("gave up:", reason)
        sys.exit(0)

    def ask(self, customer_id: str) -> str:
        body, again = json.dumps({"customerId": customer_id}), self.new_uuid()
        for _ in range(ATTEMPTS):
            if self.token is None:
                self.log_in()
            answer = self.post("/api/v1/customers/segments/retrieve", body, self.headers(again))
            again = self.new_uuid()
            if answer and answer.status == 401:
                self.refused()
            elif answer and not self.is_passing(answer.status):
                return self.told(answer)
            self.pause(answer)
        raise GaveUpError(f"{ATTEMPTS} attempts")

    def log_in(self) -> None:
        basic = b64encode(f"{self.client_id}:{os.environ['SANDBOX_CLIENT_SECRET']}".encode()).decode()
        form = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        for _ in range(ATTEMPTS):
            answer = self.post("/api/v1/oauth/token", "grant_type=client_credentials&scope=/api/v1", form)
            if answer and answer.status == 200:
                self.token = answer.content["access_token"]
                return
            if answer and not self.is_passing(answer.status):
                break
            self.pause(answer)
        self.no_login()

    def post(self, path: str, body: str, headers: Mapping[str, str]) -> Answer | None:
        """Return the answer; None where there was none that can be read."""
        try:
            return self.exchange(path, body, headers)
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def exchange(self, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        base = urlsplit(os.environ["SANDBOX_URL"])
        connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=self.seconds())
        deadline = time.monotonic() + (self.seconds() or 0)
        try:
            connection.request("POST", base.path + path, body, {"Accept": "application/json", **headers})
            response = connection.getresponse()
            content = b""
            while piece := response.read1(4096):
                content += piece
                if self.seconds() and time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise http.client.IncompleteRead(content)
            if response.getheader("Content-Type") != "application/json":
                raise ValueError("no JSON")
            return Answer(response.status, dict(response.getheaders()), json.loads(content))
        finally:
            connection.close()

    def headers(self, own_uuid: str) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "Authorization": f"Bearer {self.token}",
            "uuid": own_uuid,
            "Content-Type": "application/json",
            "countryCode": "MX",
            "businessCode": "GCB",
            "ChannelId": "BRANCH",
        }

    # What a client may get wrong, one by one.

    def seconds(self) -> float | None:
        return SECONDS

    def new_uuid(self) -> str:
        return str(uuid.uuid4())

    def is_passing(self, status: int) -> bool:
        return status in {429, 503}

    def pause(self, answer: Answer | None) -> None:
        time.sleep(float(answer.headers.get("retry-after", 0)) if answer else 0)

    def refused(self) -> None:
        self.token = None

    def no_login(self) -> None:
        raise GaveUpError("no login")

    def told(self, answer: Answer) -> str:
        if answer.status != 200:
            return f"{answer.status} {answer.content.get('code', 'without a code')}"
        return str(answer.content["customer"]["fullName"])


if __name__ == "__main__":
    Channel().main()
