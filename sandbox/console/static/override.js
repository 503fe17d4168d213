// Overrides: what was seen becomes what will be, for one space or for all.
import { control, Problem } from "./control.js";
import { make } from "./dom.js";

export const EVERYBODY = "*";
// The calls around the API, and what people call them; what they answer is theirs alone.
export const COMPANIONS = new Map([
  ["token", "login"],
  ["e2eKey", "key exchange"],
]);

/** Place an override, from an entry in YAML or JSON. Throws what the control API finds wrong. */
export function placeOverride(space, section, pattern, entry) {
  return control("PUT", addressOf(space, section, pattern), entry, { "Content-Type": "application/yaml" });
}

/** Return the entry of the override that stands under a number; null where none does. */
export async function standingEntry(space, section, pattern) {
  const overrides = await control("GET", `/spaces/${encodeURIComponent(space)}/overrides`);
  return overrides.find((each) => each[section] === pattern)?.entry ?? null;
}

/** Make it as it was before an override was placed: the one that stood there, or none. */
export function takeBack(space, section, pattern, before) {
  if (before) return placeOverride(space, section, pattern, JSON.stringify(before));
  return control("DELETE", addressOf(space, section, pattern));
}

function addressOf(space, section, pattern) {
  return `/spaces/${encodeURIComponent(space)}/overrides/${section}/${encodeURIComponent(pattern)}`;
}

/** Return what is wrong with an entry, all of it. */
export function mistakesPart(error) {
  const mistakes = error instanceof Problem ? error.mistakes : [];
  const lines = mistakes.map(({ path: at, message }) => make("li", {}, at && make("code", {}, at), at && ": ", message));
  return make("div", { class: "notice bad" }, lines.length ? make("ul", { class: "plain" }, ...lines) : error.message);
}

/** Save the overrides of a space as a scenario file. */
export async function saveOverrides(space, said) {
  const path = `/spaces/${encodeURIComponent(space)}/overrides`;
  try {
    const overrides = await control("GET", path);
    if (overrides.length === 0) {
      said.textContent = await whereElse(space);
      return;
    }
    const text = await control("GET", path, undefined, { Accept: "application/yaml" });
    const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    const name = space === EVERYBODY ? "everybody" : space.replace(/[^\w.-]+/g, "-");
    make("a", { href: address, download: `${name}.yaml` }).click();
    URL.revokeObjectURL(address);
    said.textContent = `Saved ${overrides.length} as ${name}.yaml; put it into your scenario directory.`;
  } catch (error) {
    said.textContent = error.message;
  }
}

/** Say that there is nothing to save, and in which spaces there is. */
async function whereElse(space) {
  const spaces = await control("GET", "/spaces");
  const others = spaces.filter((each) => each.overrides > 0).map((each) => `${each.space === EVERYBODY ? "everybody" : each.space} has ${each.overrides}`);
  const here = space === EVERYBODY ? "There is no override here yet, in the space for all" : "There is no override here yet";
  if (others.length === 0) return `${here}: open a call and make it one.`;
  return `${here}; ${others.slice(0, 5).join(", ")}${others.length > 5 ? " and others more" : ""}: choose that space above.`;
}
