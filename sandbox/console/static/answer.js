// An answer and its reasons, as every page shows them.
import { make, stamp, terms } from "./dom.js";

/** Return what came back, and why. `exchange` is what the journal says, `beaten` the rules that would have answered. */
export function answerParts(answer, exchange, beaten = []) {
  return [
    make(
      "p",
      { class: "row" },
      stamp(answer.status ?? "no answer"),
      make("span", { class: "quiet" }, `after ${duration(answer.milliseconds)}`),
    ),
    answer.broken && make("p", { class: "notice bad" }, answer.broken, exchange?.fault && ` That is the fault ${exchange.fault}, as asked.`),
    answer.status !== null && bodyPart(answer.body, answer.headers.get("content-type") ?? ""),
    exchange && reasons(exchange, beaten),
    answer.status !== null && headersPart(answer.headers),
  ].filter(Boolean);
}

/** Return why a call was answered so: rule, reason, breaches, and what the rule has beaten. */
export function reasons(exchange, beaten = []) {
  return make(
    "div",
    { class: "reasons" },
    terms({
      Rule: make("code", {}, exchange.rule),
      Reason: exchange.reason,
      Place: exchange.scenario && make("code", {}, exchange.scenario),
      Delay: exchange.delay ? `${exchange.delay} s` : null,
      Fault: exchange.fault && make("code", {}, exchange.fault),
      Warning: exchange.warning,
      Breaches: exchange.violations.length > 0 && listOf(exchange.violations, (each) => [make("code", {}, each.error), ` at ${each.location}: ${each.reason}`]),
      Beaten: beaten.length > 0 && listOf(beaten, (each) => [make("code", {}, each.rule), ` would have answered ${each.status}: ${each.reason}`]),
    }),
  );
}

/** Return a body: laid out where it is JSON, and as it came where it is not. */
export function bodyPart(text, type = "application/json") {
  const data = parsed(text);
  const notes = [
    data === undefined && (text ? "This is not JSON." : "There is no body."),
    !type.startsWith("application/json") && `Its Content-Type says ${type || "nothing"}.`,
  ].filter(Boolean);
  return make(
    "div",
    {},
    notes.length > 0 && make("p", { class: "notice" }, notes.join(" ")),
    text && make("pre", { class: "wrap", tabindex: "0", "aria-label": "Body" }, data === undefined ? text : JSON.stringify(data, null, 2)),
  );
}

export function duration(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function headersPart(headers) {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return make("details", {}, make("summary", {}, "Headers of the answer"), make("pre", { class: "wrap" }, lines.join("\n")));
}

function listOf(items, parts) {
  return make("ul", { class: "plain" }, ...items.map((item) => make("li", {}, ...parts(item))));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
