// Calling the bank's endpoint as an application would: a real call on the real path.
const SETUP = document.querySelector("#bank").dataset;

export const ENDPOINT = SETUP.endpoint;
/** The headers of a valid call, from the contract, under this page's client_id. */
export const HEADERS = JSON.parse(SETUP.headers);

/** Return a new uuid (version 4); randomUUID is missing where the page came over plain HTTP from another machine. */
export function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Write a header as it goes over the wire: UTF-8, byte by byte. */
export function bytesOf(text) {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** Send a call, to the path that is usual or another. Whatever happens is an answer: `broken` says how the connection ended when it did not end well. */
export async function send(headers, body, signal, path = ENDPOINT) {
  const answer = { status: null, headers: new Headers(), body: "", broken: null, milliseconds: 0 };
  const began = performance.now();
  try {
    const encoded = Object.entries(headers).map(([name, value]) => [name, bytesOf(value)]);
    const response = await fetch(path, { method: "POST", headers: encoded, body, signal, credentials: "omit", cache: "no-store" });
    answer.status = response.status;
    answer.headers = response.headers;
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      answer.body += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    answer.broken = signal?.aborted ? "You stopped waiting." : `The connection broke: ${error.message}.`;
  }
  answer.milliseconds = performance.now() - began;
  return answer;
}
