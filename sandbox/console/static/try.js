// Try it: a form becomes a real call; the answer comes with its reasons, as code to paste, and as a link.
import { answerParts } from "./answer.js";
import { ENDPOINT, newUuid, send } from "./bank.js";
import { freshToken, journaled, rulesFor } from "./control.js";
import { codeBlock, copy, make } from "./dom.js";
import { makeItForm } from "./make-it.js";
import { LANGUAGES } from "./snippets.js";

const form = document.querySelector("#call");
const place = document.querySelector("#answer");
const button = document.querySelector("#send");
const language = document.querySelector("#language");
const uuid = form.elements.uuid;
const authorization = form.elements.Authorization;
let madeUpUuid = null;
let waiting = null;

for (const name of Object.keys(LANGUAGES)) language.append(make("option", {}, name));
language.value = localStorage.getItem("language") ?? "curl";
language.addEventListener("change", () => {
  localStorage.setItem("language", language.value);
  showCode();
});
document.querySelector("#fresh").addEventListener("click", makeUuid);
document.querySelector("#copy-link").addEventListener("click", (event) => copy(location.origin + link(), event.currentTarget));
form.addEventListener("input", showCode);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (waiting) waiting.abort();
  else call();
});
if (!uuid.value) makeUuid();
button.disabled = false;
showCode();

async function call() {
  const { headers, body } = request();
  history.replaceState(null, "", link());
  waiting = new AbortController();
  button.textContent = "Stop waiting";
  place.replaceChildren("Waiting for the answer…");
  // Asked before the call, which may be the last that an override answers.
  const [, ...beaten] = await rulesFor(headers, body);
  let answer = await send(headers, body, waiting.signal);
  let exchange = await journaled(answer.headers.get("x-sandbox-exchange"), headers.uuid ?? "");
  if (isRefusedToken(exchange) && (await renewToken())) {
    headers.Authorization = authorization.value;
    answer = await send(headers, body, waiting.signal);
    exchange = await journaled(answer.headers.get("x-sandbox-exchange"), headers.uuid ?? "");
  }
  waiting = null;
  button.textContent = "Send";
  place.replaceChildren(...answerParts(answer, exchange, beaten), requestPart(headers, body), ...makeItPart(exchange));
  place.parentElement.scrollIntoView({ block: "nearest" });
  // The contract wants a new one for every request.
  if (uuid.value === madeUpUuid) makeUuid();
}

/** Tell whether the token that the page itself has brought is no longer good. */
function isRefusedToken(exchange) {
  return authorization.value === authorization.dataset.default && exchange?.status === 401 && exchange.violations.some(({ location: at }) => at === "Authorization");
}

async function renewToken() {
  try {
    authorization.value = authorization.dataset.default = `Bearer ${await freshToken(form.elements.client_id.value)}`;
    return true;
  } catch {
    return false;
  }
}

function request() {
  const headers = {};
  for (const input of form.querySelectorAll("[data-header]")) {
    if (input.value) headers[input.dataset.header] = input.value;
  }
  const fields = ["customerId", "cardNumber"].filter((name) => form.elements[name].value);
  const built = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
  return { headers, body: form.elements.body.value || JSON.stringify(built) };
}

/** Return a link that reopens this call: what differs from the form's own values, but never a token. */
function link() {
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[name]")) {
    const isSecret = "secret" in input.dataset && input.value !== "";
    const isMadeUp = input === uuid && uuid.value === madeUpUuid;
    if (input.value !== input.dataset.default && !isSecret && !isMadeUp) query.set(input.name, input.value);
  }
  const number = form.elements.customerId;
  // One number given is enough; none at all has to be said.
  if (number.value || !(form.elements.cardNumber.value || form.elements.body.value)) query.set("customerId", number.value);
  else query.delete("customerId");
  const space = new URLSearchParams(location.search).get("space");
  if (space) query.set("space", space);
  return `${location.pathname}?${query}`;
}

function makeUuid() {
  madeUpUuid = newUuid();
  uuid.value = madeUpUuid;
  showCode();
}

function showCode() {
  sayHeaders();
  const code = LANGUAGES[language.value]({ url: location.origin + ENDPOINT, ...request() });
  document.querySelector("#code").replaceChildren(codeBlock(code, `the call as ${language.value}`));
}

/** Say in the folded part how many headers there are, and that they are valid as long as nobody has changed one. */
function sayHeaders() {
  const inputs = [...document.querySelectorAll("#headers [data-header]")];
  const isUsual = inputs.every((input) => input.value === input.dataset.default || (input === uuid && input.value === madeUpUuid));
  const count = inputs.filter((input) => input.value).length;
  document.querySelector("#headers summary").textContent = `${count} headers of the contract${isUsual ? ", all valid" : ""}`;
}

function requestPart(headers, body) {
  const lines = [`POST ${ENDPOINT}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", body];
  return make("details", {}, make("summary", {}, "Request as it was sent"), make("pre", { class: "wrap" }, lines.join("\n")));
}

function makeItPart(exchange) {
  if (!exchange) return [];
  return [make("details", { class: "make-it-part" }, make("summary", {}, "Make it…"), makeItForm({ exchange }))];
}
