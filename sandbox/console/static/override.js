// Overrides: what was seen becomes what will be, for one space or for all.
import { control, Problem } from "./control.js";
import { make } from "./dom.js";

const EVERYBODY = "*";
const SECTIONS = ["customerId", "cardNumber", "companion"];
// The calls around the API, and what people call them; what they answer is theirs alone.
export const COMPANIONS = new Map([
  ["token", "login"],
  ["e2eKey", "key exchange"],
]);

/** Return a form that places an override which answers as this exchange did. */
export function overrideForm(exchange) {
  const section = make("select", { id: "o-section", name: "section" }, ...SECTIONS.map((name) => make("option", {}, name)));
  const isCompanion = COMPANIONS.has(exchange.operation);
  section.value = isCompanion ? "companion" : exchange.customerId || !exchange.cardNumber ? "customerId" : "cardNumber";
  const pattern = make("input", { id: "o-pattern", name: "pattern", class: "number", autocomplete: "off", required: true, "aria-describedby": "o-pattern-help" });
  pattern.value = isCompanion ? exchange.operation : (exchange.customerId ?? "");
  // The control API can't address a space with a slash in it.
  const spaces = [exchange.space, EVERYBODY].filter((name) => !name.includes("/"));
  const space = make("select", { id: "o-space", name: "space" }, ...spaces.map((name) => make("option", { value: name }, name === EVERYBODY ? "everybody (*)" : name)));
  const entry = make("textarea", { id: "o-entry", name: "entry", spellcheck: "false", rows: "6" });
  entry.value = entryOf(exchange);
  const result = make("div", { "aria-live": "polite" });
  const form = make(
    "form",
    {},
    make("div", { class: "fields" }, field("Number of", section), field("Number", pattern, isCompanion ? "the call around the API" : exchange.customerId ? "or a prefix with * behind" : "the journal masks card numbers; type it whole"), field("For", space)),
    field("Entry, in YAML or JSON", entry, "as in a scenario file; times: 2 and expires: 10m may stand in it"),
    make("p", { class: "actions" }, make("button", { class: "main" }, "Place override")),
    result,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    result.replaceChildren();
    result.replaceChildren(await place(space.value, section.value, pattern.value.trim(), entry.value));
  });
  return form;
}

/** Place an override, from an entry in YAML or JSON. Throws what the control API finds wrong. */
export function placeOverride(space, section, pattern, entry) {
  const path = `/spaces/${encodeURIComponent(space)}/overrides/${section}/${encodeURIComponent(pattern)}`;
  return control("PUT", path, entry, { "Content-Type": "application/yaml" });
}

/** Return what is wrong with an entry, all of it. */
export function mistakesPart(error) {
  const mistakes = error instanceof Problem ? error.mistakes : [];
  const lines = mistakes.map(({ path: at, message }) => make("li", {}, at && make("code", {}, at), at && ": ", message));
  return make("div", { class: "notice bad" }, lines.length ? make("ul", { class: "plain" }, ...lines) : error.message);
}

async function place(space, section, pattern, entry) {
  try {
    await placeOverride(space, section, pattern, entry);
    return make("p", { class: "notice good" }, `Placed: ${section} ${pattern} is answered so from now on, until you reset the space.`);
  } catch (error) {
    return mistakesPart(error);
  }
}

/** Write the entry that answers as an exchange did. */
function entryOf({ operation, status, code, reply, delay, fault }) {
  const lines = [];
  if (code) lines.push(`error: ${code}`);
  else if (!COMPANIONS.has(operation)) lines.push(...customerLines(status, reply));
  if (delay) lines.push(`delay: ${delay}s`);
  if (fault) lines.push(`fault: ${fault}`);
  return `${lines.join("\n")}\n`;
}

function customerLines(status, reply) {
  try {
    const { fullName, customerSegment, birthdayTodayFlag } = JSON.parse(reply).customer;
    return ["customer:", `  fullName: ${quoted(fullName)}`, `  customerSegment: ${quoted(customerSegment)}`, `  birthday: ${birthdayTodayFlag ? "today" : "never"}`];
  } catch {
    return ["customer: synthetic"];
  }
}

/** Write a text so that YAML reads it back: as JSON, with escapes for what YAML does not take as it is. */
function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function field(label, input, help) {
  return make("div", { class: "field" }, make("label", { for: input.id }, label), input, help && make("small", { id: `${input.id}-help` }, help));
}

/** Save the overrides of a space as a scenario file. */
export async function saveOverrides(space, said) {
  const path = `/spaces/${encodeURIComponent(space)}/overrides`;
  try {
    const overrides = await control("GET", path);
    if (overrides.length === 0) {
      said.textContent = "There is no override here yet: open a call and make it one.";
      return;
    }
    const text = await control("GET", path, undefined, { Accept: "application/yaml" });
    const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    const name = space === EVERYBODY ? "everybody" : space.replace(/[^\w.-]+/g, "-");
    make("a", { href: address, download: `${name}.yaml` }).click();
    URL.revokeObjectURL(address);
    said.textContent = `Saved ${overrides.length} as ${name}.yaml; put it into your scenario directory.`;
  } catch (error) {
    said.textContent = error.message;
  }
}
