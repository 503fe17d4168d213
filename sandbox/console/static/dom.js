// Building what a page shows. Rule 1: what came from outside becomes text, never markup.

/** Make an element: make("p", {class: "quiet"}, "text", child). A property of null or false is left out. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return a status as people see it: its number in the shape of its kind. */
export function stamp(status) {
  return make("span", { class: "status", "data-kind": typeof status === "number" ? String(status)[0] : "x" }, String(status));
}

/** Return what came of a call: its status, or that a fault kept it from getting through. */
export function outcome({ status, fault }) {
  return fault ? stamp("fault") : stamp(status);
}

/** Return a list of terms; those that have nothing to say are left out. */
export function terms(pairs) {
  const known = Object.entries(pairs).filter(([, value]) => value);
  return make("dl", {}, ...known.flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]));
}

/** Return a text of code with a button that copies it. */
export function codeBlock(text, label) {
  return make("div", { class: "copy" }, make("pre", { tabindex: "0", "aria-label": label }, text), copyButton(text, label));
}

/** Return a button that copies a text; its name is "Copy" and the label, unless it has words of its own. */
export function copyButton(text, label, words = null) {
  const name = words ? [words] : ["Copy", make("span", { class: "unseen" }, ` ${label}`)];
  const button = make("button", { type: "button", class: words ? null : "small" }, ...name);
  button.addEventListener("click", () => copy(text, button));
  return button;
}

/** Copy a text, and say so on the button. */
export async function copy(text, button) {
  await toClipboard(text);
  const before = [...button.childNodes];
  button.replaceChildren("Copied");
  setTimeout(() => button.replaceChildren(...before), 1500);
}

async function toClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Over plain HTTP from another machine, browsers have no clipboard for pages.
  const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
