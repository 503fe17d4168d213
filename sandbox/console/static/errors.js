// Errors and faults: one click tries each, and shows the real answer.
import { answerParts } from "./answer.js";
import { HEADERS, newUuid, send } from "./bank.js";
import { journaled } from "./control.js";

for (const button of document.querySelectorAll("button[data-try]")) {
  button.addEventListener("click", () => (button.waiting ? button.waiting.abort() : tryIt(button)));
}

async function tryIt(button) {
  const { body, headers } = JSON.parse(button.dataset.try);
  const place = document.getElementById(button.dataset.answer);
  const label = [...button.childNodes];
  const uuid = newUuid();
  button.waiting = new AbortController();
  button.textContent = "Stop waiting";
  place.replaceChildren("Waiting for the answer…");
  const answer = await send({ ...HEADERS, uuid, ...headers }, JSON.stringify(body), button.waiting.signal);
  button.waiting = null;
  button.replaceChildren(...label);
  place.replaceChildren(...answerParts(answer, await journaled(answer.headers.get("x-sandbox-exchange"), uuid)));
}
