// Customers: what shall happen to their calls is chosen where they are looked at.
import { openMakeIt } from "./make-it.js";

for (const button of document.querySelectorAll("button[data-customer]")) {
  const { section, number, space, customer } = JSON.parse(button.dataset.customer);
  button.addEventListener("click", () => openMakeIt(`Make ${customer.fullName}…`, { section, number, space, customer }));
}
