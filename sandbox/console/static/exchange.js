// One call in detail: what was asked, what was answered, why, and what to make of it.
import { bodyPart, reasons } from "./answer.js";
import { rulesFor } from "./control.js";
import { make, stamp } from "./dom.js";
import { overrideForm } from "./override.js";

const dialog = document.querySelector("#detail");
/** Names of headers as the contract spells them, by their names in the journal. */
const SPELT = JSON.parse(dialog.dataset.headers);
/** What the journal has in the place of digits. */
const MASK = /\*{3,}/;

document.querySelector("#close").addEventListener("click", () => dialog.close());

export function showExchange(exchange) {
  document.querySelector("#detail-title").textContent = `Call ${exchange.id}`;
  const beaten = make("div", { "aria-live": "polite" });
  document.querySelector("#detail-body").replaceChildren(
    make("p", { class: "row" }, stamp(exchange.status), make("code", {}, `${exchange.method} ${exchange.path}`), make("span", { class: "quiet" }, `${exchange.at} in ${exchange.space}`)),
    make("h3", {}, "Why"),
    reasons(exchange),
    beaten,
    make("h3", {}, "Answer"),
    bodyPart(exchange.reply),
    make("h3", {}, "Request"),
    exchange.body ? bodyPart(exchange.body) : make("p", { class: "quiet" }, "It had no body."),
    make("details", {}, make("summary", {}, "Headers of the request"), make("pre", { class: "wrap" }, headerLines(exchange))),
    make("p", { class: "actions" }, make("a", { class: "button", href: tryLink(exchange) }, "Open in Try it"), isMasked(exchange) && make("span", { class: "quiet" }, "The journal masks card numbers; fill it in there.")),
    make("h3", {}, "Make this an override"),
    overrideForm(exchange),
  );
  dialog.showModal();
  showBeaten(exchange, beaten);
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
  if (isMasked(exchange)) query.set("customerId", exchange.customerId ?? "");
  else query.set("body", exchange.body);
  return `${dialog.dataset.tryPath}?${query}`;
}
