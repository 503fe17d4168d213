// Live: calls as they arrive. Rule 1: however many come, a few hundred are in the page, drawn once per frame.
import { control, Problem } from "./control.js";
import { showCoverage } from "./coverage.js";
import { make, stamp } from "./dom.js";
import { showExchange } from "./exchange.js";
import { COMPANIONS, saveOverrides } from "./override.js";

const MOST_ROWS = 300;
const COVERAGE_MILLISECONDS = 3000;

const list = document.querySelector("#calls");
const state = document.querySelector("#state");
const pause = document.querySelector("#pause");
const { space } = list.dataset;
const place = `/spaces/${encodeURIComponent(space)}`;
const filters = new URLSearchParams([...new FormData(document.querySelector("#filters"))].filter(([name, value]) => value.trim() && name !== "space"));

/** Numbers of the calls that are in the page or wait for it. */
const known = new Set();
let waiting = [];
let isPaused = false;
let isDrawing = false;
let coverageTimer = null;
let stream = null;

for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Go on" : "Pause";
  pause.setAttribute("aria-pressed", String(isPaused));
  if (!isPaused) draw();
  say();
});
document.querySelector("#save").addEventListener("click", () => saveOverrides(space, document.querySelector("#saved")));
list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) showExchange(button.exchange);
});
listen();

function listen() {
  stream = new EventSource(`/_sandbox${place}/exchanges/stream?${filters}`);
  stream.addEventListener("exchange", (event) => take([JSON.parse(event.data)]));
  // After a break, the server may be another one, which counts from 1 again.
  stream.addEventListener("open", () => reload("listening"));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) reload("not listening; reload the page to try again");
    else say("the connection is gone; trying again", false);
  });
  addEventListener("pagehide", () => stream.close());
}

async function reload(words) {
  known.clear();
  waiting = [];
  list.replaceChildren();
  try {
    // What arrives meanwhile is there already, and finds its place among the others.
    const found = await control("GET", `${place}/exchanges?${filters}&limit=${MOST_ROWS}`);
    take(found.exchanges.reverse());
    say(words);
  } catch (error) {
    say(error instanceof Problem ? error.message : "the sandbox does not answer", false);
  }
  drawCoverage();
}

function take(exchanges) {
  for (const exchange of exchanges) {
    if (known.has(exchange.id)) continue;
    known.add(exchange.id);
    waiting.push(exchange);
  }
  waiting.sort((one, other) => one.id - other.id);
  for (const exchange of waiting.splice(0, Math.max(waiting.length - MOST_ROWS, 0))) known.delete(exchange.id);
  if (isPaused) return say();
  coverageTimer ??= setTimeout(drawCoverage, COVERAGE_MILLISECONDS);
  if (!isDrawing) {
    isDrawing = true;
    requestAnimationFrame(draw);
  }
}

function draw() {
  isDrawing = false;
  if (isPaused) return;
  for (const exchange of waiting) {
    let below = list.firstElementChild;
    while (below && idOf(below) > exchange.id) below = below.nextElementSibling;
    list.insertBefore(row(exchange), below);
  }
  waiting = [];
  while (list.childElementCount > MOST_ROWS) {
    known.delete(idOf(list.lastElementChild));
    list.lastElementChild.remove();
  }
  document.querySelector("#none").hidden = list.childElementCount > 0;
}

function idOf(row) {
  return row.firstElementChild.exchange.id;
}

function row(exchange) {
  const button = make(
    "button",
    { type: "button", class: "call" },
    make("time", { class: "number", datetime: exchange.at }, exchange.at.slice(11, 23)),
    stamp(exchange.status),
    make("span", { class: "number" }, exchange.customerId ?? exchange.cardNumber ?? COMPANIONS.get(exchange.operation) ?? "nobody"),
    make("code", {}, exchange.code ?? (COMPANIONS.has(exchange.operation) ? exchange.operation : "customer")),
    make("span", { class: "quiet" }, exchange.rule, exchange.fault && ` with ${exchange.fault}`, space === "*" && ` · ${exchange.space}`),
  );
  button.exchange = exchange;
  return make("li", {}, button);
}

async function drawCoverage() {
  clearTimeout(coverageTimer);
  coverageTimer = null;
  // Nobody looks, or there is nobody to ask: the next call to come will ask again.
  if (document.hidden || stream.readyState !== EventSource.OPEN) return;
  try {
    showCoverage(await control("GET", `${place}/coverage`));
  } catch {
    // The state line says that the sandbox does not answer.
  }
}

let said = "";

function say(words = said, isWell = true) {
  said = words;
  const more = waiting.length === MOST_ROWS ? `the last ${MOST_ROWS}` : waiting.length;
  state.textContent = isPaused ? `paused; ${more} waiting` : words;
  state.dataset.kind = isPaused ? "" : isWell ? "2" : "x";
}
