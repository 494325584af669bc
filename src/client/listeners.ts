/** A value, and those who are told when it changes. What they throw is reported, and nobody else's trouble. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>();
  #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) tell(listener, value);
  }

  /** Tells the value now and from now on. The result ends it. */
  add(listener: (value: Value) => void): () => void {
    this.#listeners.add(listener);
    tell(listener, this.#value);
    return () => this.#listeners.delete(listener);
  }
}

/** As an event's listener: an error goes where the platform reports uncaught ones, not into the state machine. */
export function tell<Value>(listener: (value: Value) => void, value: Value): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
