// The stage: who was asked about appears large, and waits in the queue.
// Rule 1: the field has the focus whenever nobody took it away on purpose, because a scanner is a keyboard.
import { ENDPOINT, HEADERS, newUuid, send } from "./bank.js";
import { make } from "./dom.js";
import { Queue } from "./queue.js";

const byId = (id) => document.getElementById(id);
const [field, spot, desk, order, raw] = ["number", "spot", "desk", "order", "raw"].map(byId);
const MEANINGS = JSON.parse(byId("bank").dataset.meanings);
const LONGEST_CUSTOMER_ID = 12;
const queue = new Queue();
let latest = 0;

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = field.value.replace(/[\s-]/g, "");
  field.value = "";
  if (number) ask(number);
});
for (const button of document.querySelectorAll("button[data-number]")) {
  button.addEventListener("click", () => {
    ask(button.dataset.number);
    field.focus();
  });
}
byId("serve").addEventListener("click", serve);
byId("raw-toggle").addEventListener("click", toggleRaw);
desk.addEventListener("change", () => remember("desk", desk.value));
order.addEventListener("input", () => {
  readOrder();
  remember("order", order.value);
  showQueue();
});
const fullScreen = byId("full-screen");
fullScreen.hidden = !document.fullscreenEnabled;
fullScreen.addEventListener("click", fillScreen);

// Numbers have no letters, so in their field a letter can be a command.
const COMMANDS = { r: toggleRaw, n: serve, f: fillScreen };
field.addEventListener("keydown", (event) => {
  const command = COMMANDS[event.key.toLowerCase()];
  if (!command || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  command();
});
// A scan goes into the field wherever the focus is, unless somebody is writing elsewhere.
document.addEventListener("keydown", (event) => {
  if (/^[0-9]$/.test(event.key) && !event.target.matches("input, select, textarea")) field.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("button, a, input, select, summary, label, pre") && String(getSelection()) === "") field.focus();
});
readOrder();
field.focus();

async function ask(number) {
  const turn = ++latest;
  const kind = number.length > LONGEST_CUSTOMER_ID ? "cardNumber" : "customerId";
  const shown = kind === "cardNumber" ? masked(number) : number;
  const headers = { ...HEADERS, ChannelId: desk.value, uuid: newUuid() };
  const person = { number, kind, shown };
  const waiting = setTimeout(() => turn === latest && show(card(person, "Asking the bank", "One moment…", "waiting")), 300);
  const answer = await send(headers, JSON.stringify({ [kind]: number }));
  clearTimeout(waiting);
  const customer = customerIn(answer);
  let label = "Welcome";
  if (customer) {
    Object.assign(person, { name: customer.fullName, segment: customer.customerSegment, isBirthday: customer.birthdayTodayFlag });
    if (!queue.add(person)) label = "Is waiting already";
    showQueue();
  }
  if (turn !== latest) return;
  show(customer ? customerCard(person, label) : errorCard(person, answer));
  // Whole card numbers are not for an audience, wherever they stand.
  const hide = (text) => (kind === "cardNumber" ? text.replaceAll(number, shown) : text);
  // An audience sees no token that is worth something.
  const told = { ...headers, Authorization: headers.Authorization.replace(/^(\S+ .{6}).{6,}(.{4})$/, "$1***$2") };
  byId("request").textContent = hide(requestText(told, { [kind]: number }));
  byId("answer").textContent = hide(answerText(answer));
}

function serve() {
  const person = queue.serve();
  if (person) show(customerCard(person, "At the desk"));
  showQueue();
  field.focus();
}

function show(...parts) {
  spot.replaceChildren(...parts);
}

function showQueue() {
  const { waiting, served } = queue;
  byId("queue").replaceChildren(...waiting.map(line));
  byId("served-list").replaceChildren(...served.map(line));
  byId("waiting-count").textContent = waiting.length;
  byId("served-count").textContent = served.length;
  byId("nobody").hidden = waiting.length > 0;
  byId("serve").disabled = waiting.length === 0;
}

function line(person) {
  return make(
    "li",
    { class: person.isBirthday && "festive" },
    make("span", { class: "name" }, person.name),
    make("span", { class: "row" }, chip(person), person.isBirthday && birthday("★", "Birthday today")),
  );
}

function customerCard(person, label) {
  return make(
    "article",
    { class: `person${person.isBirthday ? " festive" : ""}` },
    make("p", { class: "eyebrow" }, label),
    make("h2", { class: "who" }, person.name),
    make("p", { class: "row marks" }, chip(person), person.isBirthday && birthday("★ Birthday today")),
    make("p", { class: "number small" }, `${person.kind} ${person.shown}`),
  );
}

function errorCard(person, answer) {
  const error = parsed(answer.body) ?? {};
  const code = error.code ?? error.httpMessage;
  const title = answer.broken
    ? "The line is broken"
    : answer.status === 200
      ? "The answer can’t be read"
      : MEANINGS[answer.status] ?? code ?? "The bank can’t say";
  const details = answer.broken ?? error.details ?? error.moreInformation ?? "";
  return card(person, "No customer", title, "refused", details, [answer.status, code].filter(Boolean).join(" "));
}

function card(person, label, title, kind, details = "", code = "") {
  return make(
    "article",
    { class: `person ${kind}` },
    make("p", { class: "eyebrow" }, label),
    make("h2", { class: "who" }, title),
    details && make("p", {}, details),
    make("p", { class: "number small" }, [`${person.kind} ${person.shown}`, code].filter(Boolean).join(" · ")),
  );
}

function chip(person) {
  return make("span", { class: "chip" }, `Segment ${person.segment}`);
}

function birthday(text, spoken) {
  if (!spoken) return make("span", { class: "chip birthday" }, text);
  return make("span", { class: "chip birthday" }, make("span", { "aria-hidden": "true" }, text), make("span", { class: "unseen" }, spoken));
}

function customerIn(answer) {
  const customer = answer.status === 200 && !answer.broken ? parsed(answer.body)?.customer : null;
  return typeof customer?.fullName === "string" ? customer : null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function requestText(headers, body) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${ENDPOINT}`, ...lines, "", JSON.stringify(body, null, 2)].join("\n");
}

function answerText(answer) {
  if (answer.status === null) return answer.broken;
  // What only browsers ask for is no part of the story.
  const told = [...answer.headers].filter(([name]) => !name.startsWith("access-control-"));
  const lines = told.map(([name, value]) => `${name}: ${value}`);
  const data = parsed(answer.body);
  const body = data === undefined ? answer.body : JSON.stringify(data, null, 2);
  return [`${answer.status} after ${answer.milliseconds.toFixed(0)} ms`, ...lines, "", body, answer.broken ?? ""].join("\n").trimEnd();
}

/** Hide the middle of a card number, as the journal does: the first 6 digits and the last 4 stay. */
function masked(number) {
  return number.slice(0, 6) + "*".repeat(Math.max(number.length - 10, 0)) + number.slice(-4);
}

function readOrder() {
  queue.segments = order.value.split(/[\s,;]+/).filter(Boolean);
}

function remember(name, value) {
  const here = new URL(location);
  here.searchParams.set(name, value);
  history.replaceState(null, "", here);
}

function toggleRaw() {
  raw.hidden = !raw.hidden;
  byId("raw-toggle").setAttribute("aria-pressed", String(!raw.hidden));
  field.focus();
}

function fillScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
  field.focus();
}
