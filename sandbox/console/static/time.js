// Time and spaces: each button makes one call of the control API, and then the page shows what has become of it.
// Rule 1: what can't be undone is confirmed before; what went wrong is said, and nothing else changes.
import { control } from "./control.js";
import { mistakesPart, placeOverride, saveOverrides } from "./override.js";

const said = document.querySelector("#said");
const failed = document.querySelector("#failed");

for (const button of document.querySelectorAll("button[data-method]")) {
  button.addEventListener("click", () => steer(button));
}
const save = document.querySelector("#save");
if (save) {
  save.addEventListener("click", () => {
    said.hidden = false;
    saveOverrides(save.dataset.space, said);
  });
}
document.querySelector("#place")?.addEventListener("submit", (event) => {
  event.preventDefault();
  place(event.target);
});
tellWhatWasDone();

async function steer(button) {
  const { method, path, body, said: done, asks } = button.dataset;
  if (asks && !(await confirmed(asks))) return;
  try {
    await control(method, path, body);
    showAnew(done, button.id);
  } catch (error) {
    said.hidden = true;
    failed.textContent = error.message;
    failed.hidden = false;
  }
}

async function place(form) {
  const mistakes = document.querySelector("#mistakes");
  const { section, pattern, entry } = form.elements;
  const number = pattern.value.trim();
  mistakes.replaceChildren();
  try {
    await placeOverride(form.dataset.space, section.value, number, entry.value);
    showAnew(`${section.value} ${number} is answered so from now on.`, "pattern");
  } catch (error) {
    mistakes.append(mistakesPart(error));
    entry.setAttribute("aria-invalid", "true");
  }
}

/** Ask before something is gone; the dialog gives the focus back to the button by itself. */
function confirmed(question) {
  const dialog = document.querySelector("#confirm");
  document.querySelector("#question").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Load the page again, and then say what was done. */
function showAnew(done, focus) {
  sessionStorage.setItem("done", JSON.stringify({ done, focus }));
  location.reload();
}

function tellWhatWasDone() {
  const kept = sessionStorage.getItem("done");
  if (!kept) return;
  sessionStorage.removeItem("done");
  const { done, focus } = JSON.parse(kept);
  said.textContent = done;
  said.hidden = false;
  // Who steers by keyboard stays where they were; where their button is gone, near it.
  (document.getElementById(focus) ?? document.querySelector("main")).focus({ preventScroll: true });
}
