// What every page has: the theme, the switch of spaces, parts that follow what happens, and buttons that copy.
import { copy } from "./dom.js";
import { refresh } from "./refresh.js";

const THEMES = ["auto", "light", "dark"];

const toggle = document.querySelector("#theme");
toggle.addEventListener("click", () => {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  showTheme();
});
showTheme();

function showTheme() {
  toggle.textContent = `Theme: ${document.documentElement.dataset.theme}`;
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copies).textContent, button));
}

for (const part of document.querySelectorAll("[data-refresh]")) refresh(part);

const space = document.querySelector("#space");
space?.addEventListener("change", () => {
  sessionStorage.setItem("switched", "yes");
  space.form.submit();
});
// Who switches by keyboard stays at the switch.
if (sessionStorage.getItem("switched")) {
  sessionStorage.removeItem("switched");
  space?.focus();
}
