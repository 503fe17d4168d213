// What a space has exercised of the contract, and what its callers could do better.
import { make } from "./dom.js";

const MOST_FINDINGS = 10;

export function showCoverage({ errors, rules, faults, findings }) {
  counts(document.querySelector("#errors"), errors);
  counts(document.querySelector("#rules"), rules);
  document.querySelector("#faults-card").hidden = !faults;
  if (faults) counts(document.querySelector("#faults"), faults);
  const found = findings.slice(0, MOST_FINDINGS).map(({ finding, detail }) => make("li", {}, make("strong", {}, finding), `: ${detail}`));
  if (findings.length > MOST_FINDINGS) found.push(make("li", {}, `And ${findings.length - MOST_FINDINGS} more.`));
  if (findings.length === 0) found.push(make("li", { class: "quiet" }, "Nothing to complain about."));
  document.querySelector("#findings").replaceChildren(...found);
}

function counts(list, numbers) {
  const lines = Object.entries(numbers).map(([name, count]) =>
    make("li", { class: "row apart" }, make("code", {}, name), make("span", { class: count ? "number" : "quiet" }, count ? `✓ ${count}` : "not yet")),
  );
  list.replaceChildren(...lines);
}
