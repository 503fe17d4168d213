// One call in detail: what was asked, what was answered, why, and what to make of it. Rule 1: a call has an address of its
// own (?call=12), which Back leaves and a reload keeps.
import { bodyPart, reasons } from "./answer.js";
import { newUuid, send } from "./bank.js";
import { FAULTS } from "./call-row.js";
import { freshToken, journaled, rulesFor } from "./control.js";
import { copyButton, make, outcome } from "./dom.js";
import { makeItForm } from "./make-it.js";
import { LANGUAGES } from "./snippets.js";

const dialog = document.querySelector("#detail");
const body = document.querySelector("#detail-body");
const title = document.querySelector("#detail-title");
const newer = document.querySelector("#newer");
const older = document.querySelector("#older");
const { main } = document.querySelector("#calls").dataset;
/** Names of headers as the contract spells them, by their names in the journal. */
const SPELT = JSON.parse(dialog.dataset.headers);
/** What the journal has in the place of digits. */
const MASK = /\*{3,}/;
// What the page knows of its rows.
let rows = { calls: () => [], focus: () => {} };
let shown = null;
let hasOwnEntry = false;

/** Follow the page's address from now on; `calls` returns the calls in the page, newest first, `focus` goes to one. */
export function whenAsked(known) {
  rows = known;
  addEventListener("popstate", () => {
    hasOwnEntry = false;
    followAddress();
  });
  followAddress();
}

document.querySelector("#close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", leave);
// A click beside the panel closes it.
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
newer.addEventListener("click", () => step(-1));
older.addEventListener("click", () => step(1));
dialog.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!way || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  step(way);
});

/** Show a call, under its own address. */
export function openExchange(exchange) {
  history.pushState(null, "", addressOf(exchange.id));
  hasOwnEntry = true;
  show(exchange);
}

async function followAddress() {
  const id = new URLSearchParams(location.search).get("call");
  if (!id) return dialog.open && dialog.close();
  const number = Number(id);
  if (dialog.open && shown?.id === number) return;
  const exchange = rows.calls().find((each) => each.id === number) ?? (await journaled(id));
  if (exchange) show(exchange);
  else showMissing(id);
}

/** Take the address of the call away, as Back does. */
function leave() {
  const id = shown?.id;
  shown = null;
  if (new URLSearchParams(location.search).has("call")) {
    if (hasOwnEntry) history.back();
    else history.replaceState(null, "", addressOf(null));
  }
  hasOwnEntry = false;
  if (id) rows.focus(id);
}

function addressOf(id) {
  const query = new URLSearchParams(location.search);
  if (id === null) query.delete("call");
  else query.set("call", id);
  return query.size > 0 ? `${location.pathname}?${query}` : location.pathname;
}

function step(way) {
  const calls = rows.calls();
  const next = calls[calls.findIndex((each) => each.id === shown?.id) + way];
  if (!next || !shown) return;
  history.replaceState(null, "", addressOf(next.id));
  show(next);
}

/** Know which calls are before and behind the one that is shown; to be told when the rows have changed. */
export function knowNeighbours() {
  if (!shown) return;
  const calls = rows.calls();
  const at = calls.findIndex((each) => each.id === shown.id);
  newer.disabled = at <= 0;
  older.disabled = at < 0 || at === calls.length - 1;
}

function show(exchange) {
  shown = exchange;
  title.textContent = `Call ${exchange.id}`;
  knowNeighbours();
  const beaten = make("div", { "aria-live": "polite" });
  body.replaceChildren(
    make("p", { class: "row" }, outcome(exchange), make("code", {}, `${exchange.method} ${exchange.path}`), make("span", { class: "quiet" }, `${exchange.at} in ${exchange.space}`)),
    ...wire(exchange),
    make("h3", {}, "Why"),
    reasons(exchange),
    beaten,
    actions(exchange),
    make("h3", {}, exchange.fault ? "The answer that was decided" : "Answer"),
    bodyPart(exchange.reply),
    make("h3", {}, "Request"),
    exchange.body ? bodyPart(exchange.body) : make("p", { class: "quiet" }, "It had no body."),
    make("details", {}, make("summary", {}, "Headers of the request"), make("pre", { class: "wrap" }, headerLines(exchange))),
    make("h3", { id: "make-it" }, "Make it…"),
    makeItForm({ exchange }),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  showBeaten(exchange, beaten);
}

function showMissing(id) {
  shown = null;
  title.textContent = `Call ${id}`;
  newer.disabled = older.disabled = true;
  body.replaceChildren(make("p", { class: "notice" }, `There is no call ${id} in the journal: it keeps the last ones only, and a restart empties it.`));
  if (!dialog.open) dialog.showModal();
}

/** Say what went over the wire, where that is not the answer that was decided. */
function wire({ fault, status }) {
  if (!fault) return [];
  return [make("p", { class: "notice bad" }, make("strong", {}, `Fault ${fault}`), `: ${FAULTS[fault]}. A ${status} was decided, and did not get through like that.`)];
}

function actions(exchange) {
  const said = make("p", { role: "status" });
  const isAgain = exchange.operation === main && !isMasked(exchange);
  const again = make("button", { type: "button" }, "Try again");
  const curl = make("span", {});
  again.addEventListener("click", () => sendAgain(exchange, again, said));
  if (isAgain) {
    requestOf(exchange).then(
      (request) => curl.replaceChildren(copyButton(LANGUAGES.curl({ url: location.origin + exchange.path, ...request }), "the call as curl", "Copy as curl")),
      (error) => said.replaceChildren(error.message),
    );
  }
  return make(
    "div",
    { class: "stack" },
    make(
      "p",
      { class: "actions" },
      isAgain && again,
      isAgain && curl,
      exchange.operation === main && make("a", { class: "button", href: tryLink(exchange) }, "Open in Try it"),
      make("a", { class: "button", href: "#make-it" }, "Make it…"),
      isMasked(exchange) && make("span", { class: "quiet" }, "The journal masks card numbers; fill it in there."),
    ),
    said,
  );
}

/** Return the call as it can be sent once more: with a uuid of its own, and a token where the journal masks one. */
async function requestOf(exchange) {
  const headers = {};
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (!SPELT[name]) continue;
    if (!MASK.test(value)) headers[SPELT[name]] = readable(value);
    else if (name === "authorization") headers[SPELT[name]] = `Bearer ${await freshToken(exchange.headers.client_id ?? exchange.space)}`;
  }
  if ("uuid" in exchange.headers) headers.uuid = newUuid();
  return { headers, body: exchange.body };
}

async function sendAgain(exchange, button, said) {
  button.disabled = true;
  said.textContent = "Waiting for the answer…";
  try {
    const { headers, body: text } = await requestOf(exchange);
    const answer = await send(headers, text, undefined, exchange.path);
    const now = await journaled(answer.headers.get("x-sandbox-exchange"), headers.uuid ?? "");
    const link = now && make("a", { href: addressOf(now.id) }, `call ${now.id}`);
    link?.addEventListener("click", (event) => {
      event.preventDefault();
      openExchange(now);
    });
    said.replaceChildren("Sent again: ", now ? outcome(now) : String(answer.status ?? answer.broken), ...(link ? [" in ", link] : []));
  } catch (error) {
    said.textContent = error.message;
  }
  button.disabled = false;
}

async function showBeaten(exchange, place) {
  if (isMasked(exchange)) {
    place.replaceChildren(make("p", { class: "quiet" }, "What it has beaten can’t be asked: the journal masks card numbers."));
    return;
  }
  const rules = exchange.rule === "http" ? [] : await rulesFor(exchange.headers, exchange.body, exchange.space);
  const others = rules.filter(({ rule }) => rule !== exchange.rule);
  if (others.length === 0) return;
  const lines = others.map(({ rule, status, reason }) => make("li", {}, make("code", {}, rule), ` would answer ${status}: ${reason}`));
  place.replaceChildren(make("p", {}, "Asked again now, these rules would answer, too:"), make("ul", { class: "plain" }, ...lines));
}

function isMasked(exchange) {
  return MASK.test(exchange.body) || MASK.test(exchange.cardNumber ?? "");
}

function headerLines({ headers }) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${readable(value)}`).join("\n");
}

/** Read a header that was sent as UTF-8; the journal has it byte by byte. */
function readable(value) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(value, (char) => char.charCodeAt(0)));
  } catch {
    return value;
  }
}

function tryLink(exchange) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (SPELT[name] && !MASK.test(value)) query.set(SPELT[name], readable(value));
  }
  const numbers = isMasked(exchange) ? { customerId: exchange.customerId ?? "" } : plainNumbers(exchange.body);
  if (numbers) for (const [name, number] of Object.entries(numbers)) query.set(name, number);
  else query.set("body", exchange.body);
  const space = new URLSearchParams(location.search).get("space");
  if (space) query.set("space", space);
  return `${dialog.dataset.tryPath}?${query}`;
}

/** Return the numbers of a body that holds nothing else, as the form of Try it has fields for; null for any other. */
function plainNumbers(text) {
  try {
    const numbers = JSON.parse(text);
    const isPlain = Object.entries(numbers).every(([name, number]) => ["customerId", "cardNumber"].includes(name) && typeof number === "string" && number !== "");
    return isPlain && !Array.isArray(numbers) && JSON.stringify(numbers) === text.replace(/\s/g, "") && Object.keys(numbers).length > 0 ? numbers : null;
  } catch {
    return null;
  }
}
