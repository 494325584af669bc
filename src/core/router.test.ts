import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../test/run-count.ts";
import { isChannelError } from "./errors.ts";
import { Router } from "./router.ts";
import type { Subscription } from "./subscription.ts";

const logLimit = 30;
const utf8 = new TextDecoder();

const sender = fc.constantFrom("sub", "exe");
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      sender,
      sequence: fc.integer({ min: -3, max: 12 }),
      variant: fc.nat(9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      after: fc.integer({ min: -2, max: 35 }),
      limit: fc.nat(5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("subscribe" as const),
      after: fc.option(fc.nat(10), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("drain" as const, "close" as const),
      which: fc.nat(5),
      count: fc.nat(4),
    }),
  },
);

/** What the outside may hold the router to: all that was sent, and all that anybody was shown. */
class Witness {
  /** Accepted entries in the order in which they came. */
  readonly sent: { sender: string; sequence: number; text: string }[] = [];
  readonly #shown = new Map<number, string>();

  /** Invariant 1: a position that was seen names the same entry for ever. */
  see(position: number, text: string): void {
    expect(this.#shown.get(position) ?? text).toBe(text);
    this.#shown.set(position, text);
  }

  find(senderId: string, sequence: number): string | undefined {
    return this.sent.find((one) => one.sender === senderId && one.sequence === sequence)?.text;
  }
}

interface Reader {
  readonly subscription: Subscription;
  next: number;
}

function append(
  router: Router,
  witness: Witness,
  senderId: string,
  sequence: number,
  text: string,
): void {
  const before = witness.find(senderId, sequence);
  try {
    router.append("c", senderId, sequence, 0, text);
    // Invariant 4: what succeeds is either new, or the same as what is there.
    expect(before ?? text).toBe(text);
    if (before === undefined) witness.sent.push({ sender: senderId, sequence, text });
  } catch (error) {
    if (isChannelError(error, "sequence_conflict")) expect(before).not.toBe(text);
    else if (isChannelError(error, "channel_full")) expect(witness.sent).toHaveLength(logLimit);
    else throw error;
  }
}

/** Invariant 3: no gap, no repeat. */
function drain(reader: Reader, witness: Witness, count: number): void {
  for (let i = 0; i < count; i++) {
    const entry = reader.subscription.tryNext();
    if (entry === undefined) return;
    expect(entry.position).toBe(reader.next++);
    witness.see(entry.position, utf8.decode(entry.payload));
  }
}

/** Invariant 5: what one sender sent in order is in the log in order. */
function requireSenderOrder(log: readonly string[], { sent }: Witness): void {
  const place = new Map(log.map((text, index) => [text, index]));
  for (const [index, later] of sent.entries()) {
    for (const earlier of sent.slice(0, index)) {
      if (earlier.sender !== later.sender || earlier.sequence > later.sequence) continue;
      expect(place.get(earlier.text)).toBeLessThan(place.get(later.text) ?? -1);
    }
  }
}

describe("Router", () => {
  it("keeps its invariants through any interleaving of append, read, subscribe, drain and close", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const router = Router.withoutRateLimit({ deduplication: true, maxLogEntries: logLimit });
        router.create({
          id: "c",
          processId: "p",
          name: "n",
          submitterId: "sub",
          executorId: "exe",
        });
        const witness = new Witness();
        const readers: Reader[] = [];
        for (const one of steps) {
          if (one.do === "append") {
            const text = `${one.sender} ${one.sequence}${one.variant === 0 ? "!" : ""}`;
            append(router, witness, one.sender, one.sequence, text);
          } else if (one.do === "read") {
            const page = router.readAfter("c", "sub", one.after, one.limit);
            for (const [index, entry] of page.entries()) {
              expect(entry.position).toBe(Math.max(one.after, 0) + 1 + index);
              witness.see(entry.position, utf8.decode(entry.payload));
            }
          } else if (one.do === "subscribe") {
            const { after = router.getSequence("c") } = one;
            const subscription = router.subscribe("c", "exe", { after });
            readers.push({ subscription, next: after + 1 });
          } else {
            const reader = readers[one.which % Math.max(1, readers.length)];
            if (reader === undefined) continue;
            drain(reader, witness, one.count);
            if (one.do === "close") reader.subscription.close();
          }
        }
        const log = router.readAfter("c", "sub", 0, 0).map((entry) => utf8.decode(entry.payload));
        log.forEach((text, index) => witness.see(index + 1, text));
        expect([...log].sort()).toEqual(witness.sent.map(({ text }) => text).sort());
        // Invariant 7: bounded.
        expect(router.getLogSize("c")).toBeLessThanOrEqual(logLimit);
        requireSenderOrder(log, witness);
        for (const reader of readers) {
          const wasOpen = !reader.subscription.isClosed;
          drain(reader, witness, Infinity);
          if (wasOpen && reader.next <= log.length) expect.unreachable();
        }
      }),
      { numRuns: runCount(500, 20_000) },
    );
  });

  it("forgets the lowest holes of a sender that counts in leaps, and refuses what it cannot tell", () => {
    const router = Router.withoutRateLimit({ deduplication: true, maxLogBytes: Infinity });
    router.create({ id: "c", processId: "p", name: "n", submitterId: "sub" });
    for (let i = 1; i <= 100; i++) router.append("c", "sub", i * 10, 0, String(i));
    router.append("c", "sub", 1000, 0, "100");
    router.append("c", "sub", 995, 0, "in a hole");
    expect(router.getLogSize("c")).toBe(101);
    const codeOf = (sequence: number): string => {
      try {
        router.append("c", "sub", sequence, 0, "x");
        return "none";
      } catch (error) {
        return isChannelError(error) ? error.code : "other";
      }
    };
    expect([codeOf(5), codeOf(995), codeOf(996)]).toEqual([
      "sequence_too_old",
      "sequence_conflict",
      "none",
    ]);
  });
});
