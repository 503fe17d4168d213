// The one script that runs before the page is drawn, and so no module: with it, no page flashes in the other theme.
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "auto";
