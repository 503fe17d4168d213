// Parts of a page that follow what happens on the server. Rule 1: what is not new is not drawn again, so that focus,
// selection and readers stay where they are; while nobody looks, nothing is asked.
import { make } from "./dom.js";

const connection = document.querySelector("#connection");

/** Keep a part as the server has it; the strip's also tells how the connection is. */
export function refresh(part) {
  const { refresh: address, seconds } = part.dataset;
  const again = () => setTimeout(ask, seconds * 1000);

  async function ask() {
    if (document.hidden) return again();
    try {
      const response = await fetch(address, { cache: "no-store" });
      if (response.redirected) return tell("signed out; reload the page to sign in", "x");
      if (!response.ok) throw new Error(`the sandbox answered ${response.status}`);
      show(await response.text());
      tell("connected", "2");
    } catch {
      tell("no connection", "x");
    }
    again();
  }

  function show(html) {
    const found = make("template");
    // The server's own template, where whatever came from outside is escaped.
    found.innerHTML = html.trim();
    if (found.innerHTML === part.innerHTML.trim()) return;
    const broken = part.querySelector("[data-said]")?.textContent;
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(found.content);
    if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    const now = part.querySelector("[data-said]");
    if (now && now.textContent !== broken) announce(now.dataset.said);
  }

  again();
}

function tell(words, kind) {
  if (connection.textContent === words) return;
  connection.textContent = words;
  connection.dataset.kind = kind;
}

function announce(words) {
  document.querySelector("#announced").textContent = words;
}
