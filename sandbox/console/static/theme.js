// The one script that runs before the page is drawn, and so no module: no page flashes in the other theme, and what needs
// scripts is there, or not, from the first drawing on.
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "auto";
document.documentElement.dataset.scripts = "on";
