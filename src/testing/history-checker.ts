import { SuiteFailure } from "./assertion.ts";
import type { HistoryEvent } from "./history-events.ts";
import { LogHistory } from "./log-history.ts";
import { LostSuffix } from "./lost-suffix.ts";
import { RegisterHistory } from "./register-history.ts";

/**
 * Judges what clients of a store, a server or a cluster did and heard, whatever happened in between: crashes,
 * power losses, other nodes. Takes linear time. Contents of entries have to be unique within their log.
 *
 * Of a log: every position is one entry for ever, within an epoch; positions are dense; what was acknowledged is
 * at its position, once, and like all that was shown it is never lost; what was refused is never there, what is in
 * doubt at most once; calls are there as a whole, and those of a producer in their order; nothing of an old term
 * is behind a fence and nothing behind a seal; a client never sees less than before; gaps are where something
 * may be gone and only there. Of a register: one line of versions, none of them lost or given twice. Where a
 * crash may lose something, it is the last of all that was done, and of a log never a part of a call.
 */
export class HistoryChecker {
  readonly #logs = new Map<string, LogHistory>();
  readonly #registers = new Map<string, RegisterHistory>();
  readonly #violations: string[] = [];
  readonly #lostSuffix = new LostSuffix((problem) => this.#violations.push(problem));
  #eventCount = 0;

  /** What was wrong so far, in plain words. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Events that were observed, but for crashes. */
  get eventCount(): number {
    return this.#eventCount;
  }

  observe(event: HistoryEvent): void {
    if (event.kind !== "crashed") this.#eventCount++;
    if (event.kind === "crashed") {
      if (event.mayLose) this.#lostSuffix.crash();
      for (const history of [...this.#logs.values(), ...this.#registers.values()])
        history.crash(event);
    } else if ("log" in event) this.#logOf(event.log).observe(event);
    else this.#registerOf(event.register).observe(event, this.#eventCount);
  }

  /** Judges the whole history, once nothing is under way any more, and throws what was wrong. */
  finish(): void {
    for (const log of this.#logs.values()) log.finish();
    this.requireNoViolation();
  }

  requireNoViolation(): void {
    if (this.#violations.length > 0) throw new SuiteFailure(this.#violations.join("\n"));
  }

  #logOf(name: string): LogHistory {
    return findOrAdd(this.#logs, name, () => new LogHistory(this.#reporterFor(`log ${name}`)));
  }

  #registerOf(name: string): RegisterHistory {
    const create = (): RegisterHistory =>
      new RegisterHistory(name, this.#reporterFor(name), this.#lostSuffix);
    return findOrAdd(this.#registers, name, create);
  }

  #reporterFor(subject: string): (problem: string) => void {
    return (problem) => this.#violations.push(`${subject}: ${problem}`);
  }
}

function findOrAdd<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}
