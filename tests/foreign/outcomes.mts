// Makes the calls of standard input with the generated client, and writes what it read, as JSON.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { operations, paths } from "./bank.js";

type Operation = operations["retrieve-customer-segment"];
type Call = {
  headers: Operation["parameters"]["header"];
  body: Operation["requestBody"]["content"]["application/json"];
};

const bank = createClient<paths>({ baseUrl: `${process.argv[2]}/api` });
const calls: Call[] = JSON.parse(readFileSync(0, "utf-8"));
const answers = [];
for (const { headers, body } of calls) {
  const { data, error, response } = await bank.POST("/v1/customers/segments/retrieve", {
    params: { header: headers },
    body,
  });
  answers.push({ status: response.status, body: data ?? error });
}
console.log(JSON.stringify(answers));
