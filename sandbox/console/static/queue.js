// The queue of a desk. Rule 1: its order is the demo's own: birthday first, then segments as the presenter lists them, then arrival.

export class Queue {
  #waiting = [];
  #arrived = 0;
  #segments = [];
  served = [];

  /** Say which segments come first; those that are not listed come behind, the higher code first. */
  set segments(codes) {
    this.#segments = codes;
    this.#sort();
  }

  get waiting() {
    return [...this.#waiting];
  }

  /** Let somebody wait; tell whether they are new: who waits already keeps their place. */
  add(person) {
    if (this.#waiting.some((other) => other.number === person.number)) return false;
    this.#waiting.push({ ...person, arrived: this.#arrived++ });
    this.#sort();
    return true;
  }

  /** Take the first; undefined where nobody waits. */
  serve() {
    const person = this.#waiting.shift();
    if (person) this.served.unshift(person);
    return person;
  }

  #sort() {
    this.#waiting.sort(
      (one, other) =>
        other.isBirthday - one.isBirthday ||
        this.#rank(one) - this.#rank(other) ||
        (this.#isListed(one) ? 0 : other.segment.localeCompare(one.segment, "en", { numeric: true })) ||
        one.arrived - other.arrived,
    );
  }

  #rank(person) {
    return this.#isListed(person) ? this.#segments.indexOf(person.segment) : this.#segments.length;
  }

  #isListed(person) {
    return this.#segments.includes(person.segment);
  }
}
