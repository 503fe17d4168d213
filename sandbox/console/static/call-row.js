// A call in one row: when, what came of it, whom it was about, how long it was held up, whose it was.
import { duration } from "./answer.js";
import { make, outcome } from "./dom.js";
import { COMPANIONS } from "./override.js";

/** What goes over the wire with each network fault, by its name. */
export const FAULTS = JSON.parse(document.querySelector("#choices").dataset.choices).faults;

/** Return what a call was about in two parts: a name, a code or a fault, and the words behind it. */
export function about(exchange) {
  if (exchange.fault) return [exchange.fault, FAULTS[exchange.fault] ?? exchange.reason];
  if (exchange.code) return [exchange.code, exchange.reason];
  const name = nameOf(exchange);
  if (name) return [name, segmentOf(exchange)];
  return [COMPANIONS.get(exchange.operation) ?? exchange.reason, COMPANIONS.has(exchange.operation) ? exchange.reason : ""];
}

/** Return the row of a call; with `isShared`, it names whose call it was. */
export function row(exchange, isShared) {
  const [head, more] = about(exchange);
  const button = make(
    "button",
    { type: "button", class: "call" },
    make("time", { class: "number", datetime: exchange.at }, exchange.at.slice(11, 19)),
    outcome(exchange),
    make("span", { class: "about" }, make("strong", {}, head), " ", make("span", { class: "quiet" }, more)),
    make("span", { class: "number who" }, exchange.customerId ?? exchange.cardNumber ?? COMPANIONS.get(exchange.operation) ?? "nobody"),
    make("span", { class: "quiet rule" }, exchange.rule, isShared && ` · ${exchange.space}`),
    make("span", { class: "quiet held" }, exchange.delay ? `+${duration(exchange.delay * 1000)}` : ""),
  );
  button.exchange = exchange;
  return make("li", {}, button);
}

/** Return the customer that an answer holds; null where it holds none. */
export function customerIn(reply) {
  try {
    return JSON.parse(reply).customer ?? null;
  } catch {
    return null;
  }
}

function nameOf({ reply }) {
  return customerIn(reply)?.fullName;
}

function segmentOf({ reply }) {
  const { customerSegment, birthdayTodayFlag } = customerIn(reply);
  return `segment ${customerSegment}${birthdayTodayFlag ? ", ★ birthday today" : ""}`;
}
