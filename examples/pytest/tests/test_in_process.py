"""The same application without a server: the sandbox runs in the test's own process."""

import asyncio

import httpx2
from greeting import PATH, Branch

from sandbox.testing import InProcessSandbox


def test_an_outage_goes_unnoticed_in_process_too(segment_sandbox_in_process: InProcessSandbox) -> None:
    sandbox = segment_sandbox_in_process
    customer = sandbox.customer()
    sandbox.break_line(customer, "connectionReset", times=1)
    with httpx2.Client(base_url=sandbox.url, headers=sandbox.headers, transport=sandbox.transport) as client:
        assert customer.full_name in Branch(client).greet(customer.customer_id)
    sandbox.assert_called(fault="connectionReset", exactly=1)


def test_an_application_that_awaits(segment_sandbox_in_process: InProcessSandbox) -> None:
    sandbox = segment_sandbox_in_process
    customer = sandbox.customer(segment="40")

    async def segment() -> str:
        async with httpx2.AsyncClient(base_url=sandbox.url, transport=sandbox.transport) as client:
            body = {"customerId": customer.customer_id}
            answer = await client.post(PATH, json=body, headers=sandbox.headers)
            found: str = answer.json()["customer"]["customerSegment"]
            return found

    assert asyncio.run(segment()) == "40"
