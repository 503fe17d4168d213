// What every page has: the theme, and buttons that copy.
import { copy } from "./dom.js";

const THEMES = ["auto", "light", "dark"];

const toggle = document.querySelector("#theme");
toggle.hidden = false;
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
  button.hidden = false;
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copies).textContent, button));
}
