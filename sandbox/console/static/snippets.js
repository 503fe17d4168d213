// A call as code to paste. Rule 1: whatever a header or a body holds, the code sends exactly that and runs nothing else.
import { bytesOf } from "./bank.js";

/** Language to code, in the order of the choice; a call is {url, headers, body}. */
export const LANGUAGES = { curl, HTTPie: httpie, Python: python, JavaScript: javascript, Java: java };

function curl({ url, headers, body }) {
  const parts = Object.entries(headers).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`);
  return [`curl -i ${shell(url)}`, ...parts, `--data-raw ${shell(body)}`].join(" \\\n  ");
}

function httpie({ url, headers, body }) {
  // A value that begins with = or @ would be taken for another kind of item.
  const parts = Object.entries(headers).map(([name, value]) => shell(`${name}:${value.replace(/^[=@]/, "\\$&")}`));
  return [`http --ignore-stdin --raw ${shell(body)} POST ${shell(url)}`, ...parts].join(" \\\n  ");
}

function python({ url, headers, body }) {
  // httpx wants bytes where a value is not ASCII.
  const lines = Object.entries(headers).map(([name, value]) => `        ${quoted(name)}: ${quoted(value)}${encode(value)},`);
  return `import httpx

answer = httpx.post(
    ${quoted(url)},
    headers={
${lines.join("\n")}
    },
    content=${quoted(body)}${encode(body)},
)
print(answer.status_code, answer.text)
`;
}

function javascript({ url, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `    ${quoted(name)}: ${quoted(bytesOf(value))},`);
  return `const answer = await fetch(${quoted(url)}, {
  method: "POST",
  headers: {
${lines.join("\n")}
  },
  body: ${quoted(body)},
});
console.log(answer.status, await answer.text());
`;
}

function java({ url, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `            .header(${javaQuoted(name)}, ${javaQuoted(value)})`);
  return `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Call {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(${javaQuoted(url)}))
${lines.join("\n")}
            .POST(HttpRequest.BodyPublishers.ofString(${javaQuoted(body)}))
            .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
    }
}
`;
}

function shell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A literal that JavaScript and Python read alike: JSON, with escapes for all that an editor might lose. */
function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (char) => `\\u${hex(char)}`);
}

function encode(text) {
  return /^[\x20-\x7e]*$/.test(text) ? "" : ".encode()";
}

/** Java reads \u before anything else, so that a newline must not be written that way. */
function javaQuoted(text) {
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };
  const escaped = text.replace(/["\\\n\r\t]|[^\x20-\x7e]/g, (char) => named[char] ?? units(char));
  return `"${escaped}"`;
}

function units(char) {
  return char < " " ? `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}` : `\\u${hex(char)}`;
}

function hex(char) {
  return char.charCodeAt(0).toString(16).padStart(4, "0");
}
