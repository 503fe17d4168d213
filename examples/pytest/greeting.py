"""A branch channel: who is at the counter, and how are they greeted?"""

from uuid import uuid4

import httpx2

PATH = "/api/v1/customers/segments/retrieve"
ATTEMPTS = 3
PRIORITY_SEGMENTS = {"30", "40"}


class BankUnavailable(Exception):
    """The bank did not answer, however often it was asked."""


class Branch:
    """Asks the bank. `client` carries its address and the headers that stay the same."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def greet(self, customer_id: str) -> str:
        """Return the greeting for a customer. Raises BankUnavailable."""
        for _ in range(ATTEMPTS):
            try:
                # The contract wants a new uuid for every request.
                answer = self._client.post(PATH, json={"customerId": customer_id}, headers={"uuid": str(uuid4())})
            except httpx2.TransportError:
                continue
            if answer.status_code == 404:
                return "Welcome! May I have your name?"
            if answer.status_code < 500:
                return self._greeting(answer.raise_for_status().json()["customer"])
        raise BankUnavailable(f"no answer in {ATTEMPTS} attempts")

    def _greeting(self, customer: dict[str, str | bool]) -> str:
        queue = "This way, please" if customer["customerSegment"] in PRIORITY_SEGMENTS else "Please take a seat"
        wishes = ", and a happy birthday" if customer["birthdayTodayFlag"] else ""
        return f"{queue}, {customer['fullName']}{wishes}!"
