// Compiles only where the document has the gateway's answers: the client then knows their fields, and these alone.
import type { operations } from "./bank.js";

type Responses = operations["retrieve-customer-segment"]["responses"];

export const reason = (error: Responses[503]["content"]["application/json"]): string => error.moreInformation;
