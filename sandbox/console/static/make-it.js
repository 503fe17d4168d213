// "Make it…": what shall happen to a customer's calls from now on, chosen rather than written. Rule 1: the entry that is placed
// stands in the form as YAML while it is built, and what was typed into it counts. Rule 2: what was placed can be taken back.
import { customerIn } from "./call-row.js";
import { rulesFor } from "./control.js";
import { make } from "./dom.js";
import { COMPANIONS, EVERYBODY, mistakesPart, placeOverride, standingEntry, takeBack } from "./override.js";

const CHOICES = JSON.parse(document.querySelector("#choices").dataset.choices);
const SECTIONS = ["customerId", "cardNumber", "companion"];
let forms = 0;

/** What may be made of a call: its name, the choices that it needs, and its entry; `known` is the customer as far as known. */
const WISHES = [
  { name: "fail", title: "fail with an error", needs: ["error"], entry: ({ error }) => [`error: ${error}`] },
  { name: "recover", title: "fail a few times, then work", needs: ["error", "times"], entry: ({ error, times }) => [`error: ${error}`, `times: ${times}`] },
  { name: "slow", title: "be slow", needs: ["delay"], entry: ({ delay }, known) => [`delay: ${delay}`, ...customerLines(known)] },
  { name: "break", title: "break the line", needs: ["fault"], entry: ({ fault }) => [`fault: ${fault}`] },
  { name: "birthday", title: "have a birthday today", needs: [], entry: (_, known) => customerLines({ ...known, birthday: "today" }) },
  { name: "segment", title: "be in another segment", needs: ["segment"], entry: ({ segment }, known) => customerLines({ ...known, customerSegment: segment }) },
];

/** Return the form. It is about a call of the journal, or about a customer with `number`, `section` and `space`. */
export function makeItForm({ exchange = null, section = null, number = "", space = EVERYBODY, customer = null }) {
  const id = (name) => `make-${forms}-${name}`;
  forms += 1;
  const isCompanion = exchange !== null && COMPANIONS.has(exchange.operation);
  // A companion is nobody's: what can be made of it is what any call may do.
  const wishes = isCompanion ? WISHES.filter(({ name }) => ["fail", "recover", "break"].includes(name)) : WISHES;
  const all = exchange ? [{ name: "again", title: "answer like this again", needs: [], entry: () => entryOf(exchange) }, ...wishes] : wishes;
  let known = customer ?? (exchange && asKnown(customerIn(exchange.reply)));

  const wish = select(id("wish"), all.map(({ name, title }) => [name, title]));
  const inputs = {
    error: select(id("error"), CHOICES.errors.map(([name, status]) => [name, `${status} ${name}`])),
    times: make("input", { id: id("times"), type: "number", min: "1", max: "1000", value: "2" }),
    delay: make("input", { id: id("delay"), value: "2s", autocomplete: "off", spellcheck: "false" }),
    fault: select(id("fault"), Object.keys(CHOICES.faults).map((name) => [name, name])),
    segment: select(id("segment"), CHOICES.segments.map((code) => [code, code])),
  };
  const labels = { error: "Error", times: "How often", delay: "By how much", fault: "Fault", segment: "Segment" };
  const choiceFields = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, field(labels[name], input)]));
  const kind = select(id("section"), SECTIONS.map((name) => [name, name]));
  kind.value = section ?? (isCompanion ? "companion" : exchange.customerId || !exchange.cardNumber ? "customerId" : "cardNumber");
  const pattern = make("input", { id: id("number"), class: "number", autocomplete: "off", required: true, "aria-describedby": id("number-help") });
  pattern.value = number || (isCompanion ? exchange.operation : (exchange?.customerId ?? ""));
  // The control API can't address a space with a slash in it.
  const spaces = [...new Set([exchange?.space ?? space, EVERYBODY])].filter((name) => !name.includes("/"));
  const whose = select(id("space"), spaces.map((name) => [name, name === EVERYBODY ? "everybody (*)" : name]));
  const entry = make("textarea", { id: id("entry"), spellcheck: "false", rows: "5", "aria-describedby": id("entry-help") });
  const result = make("div", { role: "status" });

  const form = make(
    "form",
    { class: "make-it", "aria-label": "Make it" },
    make("div", { class: "fields" }, field("It shall", wish), ...Object.values(choiceFields), field("For", whose)),
    make(
      "div",
      { class: "fields" },
      field("Number of", kind),
      field("Number", pattern, isCompanion ? "the call around the API" : pattern.value ? "or a prefix with * behind" : "the journal masks card numbers; type it whole"),
    ),
    field("Entry, in YAML or JSON", entry, "as in a scenario file; times: 2 and expires: 10m may stand in it"),
    make("p", { class: "actions" }, make("button", { class: "main" }, "Place override")),
    result,
  );
  const chosen = () => all.find(({ name }) => name === wish.value);
  const build = () => {
    for (const [name, part] of Object.entries(choiceFields)) part.hidden = !chosen().needs.includes(name);
    const values = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]));
    entry.value = `${chosen().entry(values, known).join("\n")}\n`;
  };
  for (const input of [wish, ...Object.values(inputs)]) input.addEventListener("input", build);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    result.replaceChildren();
    result.replaceChildren(await place(whose.value, kind.value, pattern.value.trim(), entry.value));
    result.scrollIntoView({ block: "nearest" });
  });
  build();
  if (!known && exchange && !isCompanion) {
    // The call failed, so its answer does not say who the customer would be.
    customerBehind(exchange).then((found) => {
      known = found;
      if (chosen().name !== "again") build();
    });
  }
  return form;
}

/** Open the form in a dialog of its own, which goes when it is closed. */
export function openMakeIt(title, setup) {
  const close = make("button", { type: "button", class: "small" }, "Close");
  const dialog = make(
    "dialog",
    { "aria-labelledby": "make-it-title" },
    make("div", { class: "row apart" }, make("h2", { id: "make-it-title" }, title), close),
    make("div", {}, makeItForm(setup)),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.querySelector("main").append(dialog);
  dialog.showModal();
}

async function place(space, section, pattern, entry) {
  try {
    const before = await standingEntry(space, section, pattern);
    await placeOverride(space, section, pattern, entry);
    const undo = make("button", { type: "button", class: "small" }, "Undo");
    const part = make("div", { class: "notice good" }, make("p", {}, `Placed: ${section} ${pattern} is answered so from now on, for ${space === EVERYBODY ? "everybody" : space}.`), make("p", { class: "actions" }, undo));
    undo.addEventListener("click", async () => {
      try {
        await takeBack(space, section, pattern, before);
        part.replaceChildren(make("p", {}, before ? "Undone: the override from before stands again." : "Undone: the override is taken away."));
      } catch (error) {
        part.append(mistakesPart(error));
      }
    });
    return part;
  } catch (error) {
    return mistakesPart(error);
  }
}

/** Ask who the customer of a failed call would be, had nothing been forced; null where that is nobody. */
async function customerBehind(exchange) {
  const headers = Object.fromEntries(Object.entries(exchange.headers).filter(([name]) => !name.startsWith("x-sandbox-") && name !== "prefer"));
  for (const { body } of await rulesFor(headers, exchange.body, exchange.space)) {
    if (body?.customer) return asKnown(body.customer);
  }
  return null;
}

function asKnown(customer) {
  if (!customer) return null;
  const { fullName, customerSegment, birthdayTodayFlag } = customer;
  return { fullName, customerSegment, birthday: birthdayTodayFlag ? "today" : "never" };
}

/** Write the entry that answers as an exchange did. */
function entryOf({ operation, code, reply, delay, fault }) {
  const lines = [];
  if (code) lines.push(`error: ${code}`);
  else if (!COMPANIONS.has(operation)) lines.push(...customerLines(asKnown(customerIn(reply))));
  if (delay) lines.push(`delay: ${delay}s`);
  if (fault) lines.push(`fault: ${fault}`);
  return lines;
}

/** Write a customer; whoever is not known at all is made up. */
function customerLines(customer) {
  const known = Object.entries(customer ?? {});
  if (known.length === 0) return ["customer: synthetic"];
  return ["customer:", ...known.map(([name, value]) => `  ${name}: ${quoted(value)}`)];
}

/** Write a text so that YAML reads it back: the words for a birthday as they are, others as JSON, with escapes for what YAML does not take. */
function quoted(text) {
  if (["today", "never"].includes(text)) return text;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function select(id, options) {
  return make("select", { id }, ...options.map(([value, text]) => make("option", { value }, text)));
}

function field(label, input, help) {
  return make("div", { class: "field" }, make("label", { for: input.id }, label), input, help && make("small", { id: `${input.id}-help` }, help));
}
