// Live: calls as they arrive. Rule 1: however many come, a few hundred are in the page, drawn once per frame.
// Rule 2: a fault is never shown as the answer that was decided: it did not get through.
import { about, customerIn, row } from "./call-row.js";
import { control, Problem } from "./control.js";
import { showCoverage } from "./coverage.js";
import { knowNeighbours, openExchange, whenAsked } from "./exchange.js";
import { saveOverrides } from "./override.js";

const MOST_ROWS = 300;
// How many are looked through for what the API has no filter for.
const MOST_LOOKED_AT = 2000;
const COVERAGE_MILLISECONDS = 3000;
const RETRY_MILLISECONDS = 2000;

const list = document.querySelector("#calls");
const state = document.querySelector("#state");
const pause = document.querySelector("#pause");
const gone = document.querySelector("#gone");
const anew = document.querySelector("#anew");
const { space } = list.dataset;
const place = `/spaces/${encodeURIComponent(space)}`;
const search = JSON.parse(list.dataset.search);
const words = search.words.map((word) => word.toLowerCase());
const filters = new URLSearchParams(search.filters);
const isNarrowed = filters.size + search.kinds.length + words.length > 0;

/** Numbers of the calls that are in the page or wait for it, and the highest that was ever seen. */
const known = new Set();
let highest = 0;
let waiting = [];
/** What arrives while the journal is read; null at other times. */
let meanwhile = null;
let isPaused = false;
let isDrawing = false;
let coverageTimer = null;
let stream = null;
let said = "";

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
  if (button) openExchange(button.exchange);
});
list.addEventListener("keydown", (event) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const next = step && event.target.closest("li")?.[step];
  if (!next) return;
  event.preventDefault();
  next.firstElementChild.focus();
});
addEventListener("pagehide", () => stream?.close());
whenAsked({
  calls: () => [...list.querySelectorAll("button")].map((button) => button.exchange),
  focus: (id) => [...list.querySelectorAll("button")].find((button) => button.exchange.id === id)?.focus(),
});
if ("mistaken" in list.dataset) say("not listening", false);
else listen();

function listen() {
  stream = new EventSource(`/_sandbox${place}/exchanges/stream?${filters}`);
  stream.addEventListener("exchange", (event) => {
    const exchange = JSON.parse(event.data);
    if (meanwhile) meanwhile.push(exchange);
    else take([exchange]);
  });
  // After a break, the server may be another one, which counts from 1 again.
  stream.addEventListener("open", reload);
  stream.addEventListener("error", () => {
    lose();
    // A browser gives up where something in between answers instead of the sandbox.
    if (stream.readyState === EventSource.CLOSED) explain();
  });
}

/** Say why the stream is refused, or try again where nobody says it. */
async function explain() {
  try {
    await control("GET", `${place}/exchanges?${filters}&limit=0`);
  } catch (error) {
    if (error instanceof Problem && error.status < 500) {
      gone.hidden = true;
      return say(error.message, false);
    }
  }
  setTimeout(listen, RETRY_MILLISECONDS);
}

function lose() {
  say("the connection is gone; trying again", false);
  if (!gone.hidden) return;
  gone.textContent = `Since ${new Date().toLocaleTimeString()} the sandbox can’t be reached: it was stopped, or restarts. What stands here came before; the page goes on by itself.`;
  gone.hidden = false;
}

async function reload() {
  meanwhile = [];
  try {
    const limit = search.kinds.length + words.length > 0 ? MOST_LOOKED_AT : MOST_ROWS;
    const found = await control("GET", `${place}/exchanges?${filters}&limit=${limit}`);
    const latest = await control("GET", "/spaces/*/exchanges?limit=1");
    const highestNow = latest.exchanges[0]?.id ?? 0;
    if (highestNow < highest) tellAnew();
    highest = highestNow;
    known.clear();
    waiting = [];
    list.replaceChildren();
    gone.hidden = true;
    take([...found.exchanges.reverse(), ...meanwhile]);
    if (!isDrawing) draw();
    say("listening");
  } catch (error) {
    say(error instanceof Problem ? error.message : "the sandbox does not answer", false);
    take(meanwhile);
  }
  meanwhile = null;
  drawCoverage();
}

function tellAnew() {
  anew.textContent = `At ${new Date().toLocaleTimeString()} the journal began anew: the sandbox was restarted, or the journal cleared. The calls from before are gone.`;
  anew.hidden = false;
}

function take(exchanges) {
  for (const exchange of exchanges) {
    highest = Math.max(highest, exchange.id);
    if (known.has(exchange.id) || !fits(exchange)) continue;
    known.add(exchange.id);
    waiting.push(exchange);
  }
  waiting.sort((one, other) => one.id - other.id);
  for (const exchange of waiting.splice(0, Math.max(waiting.length - MOST_ROWS, 0))) known.delete(exchange.id);
  if (isPaused) return say();
  coverageTimer ??= setTimeout(drawCoverage, COVERAGE_MILLISECONDS);
  if (!isDrawing && waiting.length > 0) {
    isDrawing = true;
    requestAnimationFrame(draw);
  }
}

/** Tell whether a call is of a kind that is looked for, and has all words in what its row says. */
function fits(exchange) {
  const kind = exchange.fault ? "faults" : `${String(exchange.status)[0]}xx`;
  if (search.kinds.length > 0 && !search.kinds.includes(kind)) return false;
  const text = [...about(exchange), customerIn(exchange.reply)?.fullName, exchange.reason, exchange.space, exchange.path].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function draw() {
  isDrawing = false;
  if (isPaused) return;
  for (const exchange of waiting) {
    let below = list.firstElementChild;
    while (below && idOf(below) > exchange.id) below = below.nextElementSibling;
    list.insertBefore(row(exchange, space === "*"), below);
  }
  waiting = [];
  while (list.childElementCount > MOST_ROWS) {
    known.delete(idOf(list.lastElementChild));
    list.lastElementChild.remove();
  }
  const isEmpty = list.childElementCount === 0;
  document.querySelector("#none").hidden = !isEmpty || isNarrowed;
  document.querySelector("#unfit").hidden = !isEmpty || !isNarrowed;
  knowNeighbours();
}

function idOf(row) {
  return row.firstElementChild.exchange.id;
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

function say(words = said, isWell = true) {
  said = words;
  const more = waiting.length === MOST_ROWS ? `the last ${MOST_ROWS}` : waiting.length;
  state.textContent = isPaused ? `paused; ${more} waiting` : words;
  state.dataset.kind = isPaused ? "" : isWell ? "2" : "x";
}
