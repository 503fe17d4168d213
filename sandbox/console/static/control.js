// The control API, as pages use it.

/** The sandbox's own error (RFC 9457): `status`, `message` for people, `mistakes` with their paths where an entry has some. */
export class Problem extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `the sandbox answered ${status}`);
    this.status = status;
    this.mistakes = problem.mistakes ?? [];
  }
}

/** Call the control API; return what it answers, null where that is nothing. Throws a Problem, or an Error. */
export async function control(method, path, body, headers = {}) {
  const response = await reach(`/_sandbox${path}`, { method, body, headers, cache: "no-store" });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  if (!response.ok) throw new Problem(isJson ? JSON.parse(text) : {}, response.status);
  return isJson ? JSON.parse(text) : text || null;
}

async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error("The sandbox can’t be reached: it was stopped, or restarts. Nothing was changed.");
  }
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

/** Issue a token for a client, so that what the journal masks can be sent again. */
export async function freshToken(clientId) {
  const { access_token: token } = await control("POST", "/tokens", JSON.stringify({ client_id: clientId }));
  return token;
}
