import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import test from "node:test";

const SANDBOX = process.env.SANDBOX_URL ?? "http://127.0.0.1:8080";

// Replace this by your own client, called with the sandbox's address.
const ask = (body, more = {}) =>
  fetch(`${SANDBOX}/api/v1/customers/segments/retrieve`, {
    method: "POST",
    headers: {
      client_id: "node-test",
      Authorization: "Bearer demo-token",
      Accept: "application/json",
      "Content-Type": "application/json",
      uuid: randomUUID(),
      countryCode: "MX",
      businessCode: "GCB",
      ChannelId: "IVR",
      ...more,
    },
    body: JSON.stringify(body),
  });

test("the documented customer has segment 20", async () => {
  const answer = await ask({ customerId: "321116471234" });
  assert.equal(answer.status, 200);
  const { customer } = await answer.json();
  assert.equal(customer.customerSegment, "20");
});

test("the bank may fail", async () => {
  const answer = await ask({ customerId: "321116471234" }, { "X-Sandbox-Scenario": "serverUnavailable" });
  assert.equal(answer.status, 500);
  assert.equal((await answer.json()).code, "serverUnavailable");
});
