import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../test/run-count.ts";
import { HistoryChecker } from "./history-checker.ts";
import type { HistoryEvent, SeenEntry } from "./history-events.ts";
import { createSeededRandom } from "./store-samples.ts";

const log = "out";

interface CallUnderWay {
  readonly call: string;
  readonly contents: readonly string[];
  readonly producer: string;
  readonly term: number;
  readonly logicalFirst: number;
  /** Position of its first entry, once it has taken effect. */
  first?: number;
}

/** A log that does everything right, and clients who hear of it late or never. */
class LegalWorld {
  readonly events: HistoryEvent[] = [];
  readonly #random: (below: number) => number;
  #entries: string[] = [];
  #first = 1;
  #term = 1;
  #sealed = false;
  #count = 0;
  readonly #calls = new Map<string, CallUnderWay>();
  readonly #reads = new Map<string, { after: number; page?: readonly SeenEntry[]; end?: number }>();

  constructor(seed: number) {
    this.#random = createSeededRandom(seed);
  }

  run(steps: number): readonly HistoryEvent[] {
    const actions = [
      () => this.#send(),
      () => this.#takeEffect(),
      () => this.#takeEffect(),
      () => this.#answer(),
      () => this.#answer(),
      () => this.#sendRead(),
      () => this.#answerRead(),
      () => this.#random(8) === 0 && this.#fence(),
      () => this.#random(40) === 0 && this.#seal(),
      () => this.#random(12) === 0 && this.#crash(),
    ];
    for (let step = 0; step < steps; step++) actions[this.#random(actions.length)]?.();
    this.#crash();
    this.#readAll();
    return this.events;
  }

  #send(): void {
    const producer = `p${this.#random(3)}`;
    // A producer waits for its call, so that its order is known.
    if (this.#calls.has(producer)) return;
    const call = `c${++this.#count}`;
    const contents = Array.from({ length: 1 + this.#random(3) }, (_, i) => `${call}.${i}`);
    const logicalFirst =
      this.#random(4) === 0 ? this.#first + this.#random(this.#entries.length + 1) : 1;
    const sent = { call, contents, producer, term: this.#term, logicalFirst };
    this.#calls.set(producer, sent);
    this.events.push({ kind: "appendSent", log, client: producer, ...sent });
  }

  #takeEffect(): void {
    const waiting = [...this.#calls.values()].filter((call) => call.first === undefined);
    const call = waiting[this.#random(waiting.length || 1)];
    if (call === undefined || this.#sealed || call.term < this.#term) return;
    call.first = this.#first + this.#entries.length;
    this.#entries.push(...call.contents);
    const trimmed = Math.max(0, Math.min(call.logicalFirst, call.first) - this.#first);
    this.#entries = this.#entries.slice(trimmed);
    this.#first += trimmed;
  }

  #answer(): void {
    const calls = [...this.#calls.values()];
    const call = calls[this.#random(calls.length || 1)];
    if (call === undefined) return;
    const { first, contents, call: name } = call;
    this.#calls.delete(call.producer);
    if (this.#random(6) === 0) this.events.push({ kind: "appendInDoubt", log, call: name });
    else if (first === undefined) this.events.push({ kind: "appendRefused", log, call: name });
    else {
      const positions = contents.map((_, i) => first + i);
      this.events.push({ kind: "appendAcknowledged", log, call: name, positions });
    }
  }

  #sendRead(): void {
    const read = `r${++this.#count}`;
    const after = this.#random(this.#first + this.#entries.length);
    this.#reads.set(read, { after });
    this.events.push({ kind: "readSent", log, read });
  }

  #answerRead(): void {
    const [read, state] = [...this.#reads][this.#random(this.#reads.size || 1)] ?? [];
    if (read === undefined || state === undefined) return;
    this.#reads.delete(read);
    const from = Math.max(state.after + 1, this.#first);
    const all = this.#entries.slice(from - this.#first);
    const page = all.slice(0, 1 + this.#random(4));
    this.events.push({
      kind: "readAnswered",
      log,
      read,
      client: "reader",
      after: state.after,
      entries: page.map((content, i) => ({ position: from + i, content })),
      isEnd: page.length === all.length,
      ...(from > state.after + 1 ? { gap: { first: from } } : {}),
    });
  }

  #fence(): void {
    this.#term++;
    const next = this.#first + this.#entries.length;
    this.events.push({ kind: "fenced", log, term: this.#term, next });
  }

  #seal(): void {
    if (this.#sealed) return;
    this.#sealed = true;
    this.events.push({ kind: "sealed", log, last: this.#first + this.#entries.length - 1 });
  }

  #crash(): void {
    this.events.push({ kind: "crashed", mayLose: false });
    this.#calls.clear();
    this.#reads.clear();
  }

  #readAll(): void {
    this.events.push({ kind: "readSent", log, read: "all" });
    this.events.push({
      kind: "readAnswered",
      log,
      read: "all",
      client: "reader",
      after: 0,
      entries: this.#entries.map((content, i) => ({ position: this.#first + i, content })),
      isEnd: true,
      ...(this.#first > 1 ? { gap: { first: this.#first } } : {}),
    });
  }
}

function violationsOf(events: readonly HistoryEvent[]): readonly string[] {
  const checker = new HistoryChecker();
  for (const event of events) checker.observe(event);
  try {
    checker.finish();
  } catch {
    // They are asked for below.
  }
  return checker.violations;
}

/** The entries of the last read, and everything before it. */
function splitLastRead(events: readonly HistoryEvent[]) {
  const last = events.at(-1);
  if (last?.kind !== "readAnswered") throw new Error("a history ends with a read");
  return { before: events.slice(0, -1), last };
}

const histories = fc
  .record({ seed: fc.nat(), steps: fc.integer({ min: 1, max: 300 }) })
  .map(({ seed, steps }) => new LegalWorld(seed).run(steps));
const numRuns = runCount(500, 20_000);

describe("the history checker, over random legal histories", () => {
  it("accepts each of them", () => {
    fc.assert(
      fc.property(histories, (events) => {
        expect(violationsOf(events)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it("reports each of them in which the last read misses an entry that somebody knew of", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (events, pick) => {
        const { before, last } = splitLastRead(events);
        const known = new Set(
          before.flatMap((event) => {
            if (event.kind === "appendAcknowledged") return event.positions;
            return event.kind === "readAnswered" ? event.entries.map((e) => e.position) : [];
          }),
        );
        const candidates = last.entries.filter(({ position }) => known.has(position));
        fc.pre(candidates.length > 0);
        const missing = candidates[pick % candidates.length];
        const entries = last.entries
          .filter((entry) => entry !== missing)
          .map(({ content }, i) => ({ position: (last.entries[0]?.position ?? 1) + i, content }));

        expect(violationsOf([...before, { ...last, entries }])).not.toEqual([]);
      }),
      { numRuns },
    );
  });

  it("reports each of them in which two entries of the last read have changed places", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (events, pick) => {
        const { before, last } = splitLastRead(events);
        fc.pre(last.entries.length > 1);
        const at = pick % (last.entries.length - 1);
        const [one, two] = last.entries.slice(at, at + 2) as [SeenEntry, SeenEntry];
        const sameCall = one.content.split(".")[0] === two.content.split(".")[0];
        const seen = before.some(
          (event) =>
            (event.kind === "appendAcknowledged" && event.positions.includes(one.position)) ||
            (event.kind === "readAnswered" &&
              event.entries.some(({ position }) => position === one.position)),
        );
        fc.pre(sameCall || seen);
        const entries = last.entries.with(at, { ...two, position: one.position });
        entries[at + 1] = { ...one, position: two.position };

        expect(violationsOf([...before, { ...last, entries }])).not.toEqual([]);
      }),
      { numRuns },
    );
  });
});
