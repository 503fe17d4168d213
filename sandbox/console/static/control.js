// The control API, as pages use it.

/** The sandbox's own error (RFC 9457): `message` for people, `mistakes` with their paths where an entry has some. */
export class Problem extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `the sandbox answered ${status}`);
    this.mistakes = problem.mistakes ?? [];
  }
}

/** Call the control API; return what it answers, null where that is nothing. Throws a Problem, or an Error. */
export async function control(method, path, body, headers = {}) {
  const response = await fetch(`/_sandbox${path}`, { method, body, headers, cache: "no-store" });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  if (!response.ok) throw new Problem(isJson ? JSON.parse(text) : {}, response.status);
  return isJson ? JSON.parse(text) : text || null;
}

/** Find a call in the journal, by its number or, where no answer told it, by its uuid; null where it is not. */
export async function journaled(id, uuid) {
  try {
    if (id) return await control("GET", `/spaces/*/exchanges/${id}`);
    const found = await control("GET", `/spaces/*/exchanges?${new URLSearchParams({ uuid, limit: "1" })}`);
    return found.exchanges[0] ?? null;
  } catch {
    return null;
  }
}

/** Ask which rules would answer a call, the winner first; none where the question makes no sense. */
export async function rulesFor(headers, body, space) {
  try {
    const { beats, ...winner } = await control("POST", "/explain", JSON.stringify({ space, headers, body }));
    return [winner, ...beats];
  } catch {
    return [];
  }
}
