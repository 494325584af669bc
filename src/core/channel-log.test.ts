import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCount } from "../../test/run-count.ts";
import { ChannelLog } from "./channel-log.ts";
import type { LogEntry } from "./channel-log.ts";
import { createEntry } from "./channel.ts";

function entryOf(sequence: number, senderId = "a", bytes = 1): LogEntry {
  return createEntry({ senderId, sequence, payload: new Uint8Array(bytes) }, 0);
}

const all = { entriesMax: Infinity, bytesMax: Infinity };

function sequencesOf(log: ChannelLog, after = 0): number[] {
  return log.read(after, all).map((entry) => entry.sequence);
}

describe("ChannelLog", () => {
  it("sorts a late entry before its sender's greater ones among what nobody has seen", () => {
    const log = new ChannelLog();
    log.stage(entryOf(1), false);
    log.stage(entryOf(3), false);
    log.stage(entryOf(7, "b"), false);
    log.stage(entryOf(2), true);
    log.commit();
    expect(sequencesOf(log)).toEqual([1, 2, 3, 7]);
  });

  it("puts a late entry at the end once what it belongs before is fixed", () => {
    const log = new ChannelLog();
    log.stage(entryOf(3), false);
    log.commit();
    expect(sequencesOf(log)).toEqual([3]);
    log.stage(entryOf(2), true);
    log.commit();
    expect(sequencesOf(log)).toEqual([3, 2]);
  });

  it("gives entries their positions at hand-over and shows them at commit", () => {
    const log = new ChannelLog();
    log.stage(entryOf(1), false);
    log.stage(entryOf(2), false);
    const batch = log.handOver();
    expect(batch.map((entry) => entry.position)).toEqual([1, 2]);
    log.stage(entryOf(3), false);
    expect(log.at(3)?.position).toBe(0);
    expect(log.read(0, all)).toEqual([]);
    log.commit(2);
    expect(sequencesOf(log)).toEqual([1, 2]);
  });

  it("takes positions back from a batch that lost its place, and hands it over again behind what won", () => {
    const log = new ChannelLog();
    log.stage(entryOf(1), false);
    log.handOver();
    const [ours] = log.rebase([{ ...entryOf(1, "b"), position: 1 }], { first: 1, last: 1 });
    expect(ours?.position).toBe(0);
    expect(log.visible).toBe(1);
    log.stage(ours as LogEntry, false);
    expect(log.handOver().map((entry) => entry.position)).toEqual([2]);
  });

  it("leaves to the store what does not follow directly in a rebase", () => {
    const log = new ChannelLog();
    log.rebase([], { first: 3, last: 9 });
    expect([log.first, log.windowFirst, log.visible]).toEqual([3, 10, 9]);
    log.stage(entryOf(1), false);
    log.handOver();
    log.commit();
    expect(log.read(9, all).map((entry) => entry.position)).toEqual([10]);
  });

  it("returns at least one entry however small the byte limit", () => {
    const log = new ChannelLog();
    for (const sequence of [1, 2, 3]) log.stage(entryOf(sequence, "a", 1000), false);
    log.commit();
    expect(log.read(0, { entriesMax: Infinity, bytesMax: 1 })).toHaveLength(1);
    expect(log.read(0, { entriesMax: Infinity, bytesMax: 2200 })).toHaveLength(2);
    expect(log.read(0, { entriesMax: 2, bytesMax: Infinity })).toHaveLength(2);
  });

  it("shrinks by its oldest visible entries, as far as it must, and never by what is staged", () => {
    const log = new ChannelLog();
    for (let sequence = 1; sequence <= 5; sequence++) log.stage(entryOf(sequence), false);
    log.handOver(4);
    log.commit(3);
    expect([log.shrink(1), log.windowFirst]).toEqual([65, 2]);
    expect([log.shrink(Infinity), log.windowFirst, log.windowBytes]).toEqual([130, 4, 130]);
    expect(log.shrink(Infinity)).toBe(0);
    log.commit();
    expect(sequencesOf(log, 3)).toEqual([4, 5]);
  });

  it("counts the bytes of its window through stage, rollback, trim and forget", () => {
    const log = new ChannelLog();
    for (const sequence of [1, 2, 3, 4]) log.stage(entryOf(sequence, "a", 36), false);
    expect(log.windowBytes).toBe(400);
    log.handOver(3);
    log.commit(3);
    log.rollback();
    expect(log.windowBytes).toBe(300);
    log.trim(2);
    expect([log.windowBytes, log.first]).toEqual([200, 2]);
    log.forget(2);
    expect([log.windowBytes, log.first, log.windowFirst]).toEqual([100, 2, 3]);
  });

  it("agrees with an array through any interleaving of stage, hand over, commit, rollback, rebase and trim", () => {
    const command = fc.oneof(
      fc.record({
        do: fc.constant("stage" as const),
        sender: fc.constantFrom("a", "b"),
        sequence: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({
        do: fc.constantFrom(
          "hand" as const,
          "commit" as const,
          "rollback" as const,
          "rebase" as const,
          "trim" as const,
        ),
        n: fc.nat(4),
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const log = new ChannelLog();
        const model = new ModelLog();
        for (const step of commands) {
          if (step.do === "stage") {
            const isLate = model.isLate(step.sender, step.sequence);
            model.stage(step.sender, step.sequence);
            log.stage(entryOf(step.sequence, step.sender), isLate);
          } else model.apply(step.do, step.n, log);
          const shown = log.read(log.first - 1, all);
          expect(shown.map((entry) => `${entry.senderId}${entry.sequence}`)).toEqual(model.shown());
          expect(shown.map((entry) => entry.position)).toEqual(
            model.shown().map((_, index) => model.first + index),
          );
          expect([log.visible, log.fixed, log.last]).toEqual([
            model.visible,
            model.fixed,
            model.all.length,
          ]);
        }
      }),
      { numRuns: runCount(300, 20_000) },
    );
  });
});

/** The same rules over one plain array that keeps everything for ever. */
class ModelLog {
  all: string[] = [];
  first = 1;
  visible = 0;
  fixed = 0;

  isLate(sender: string, sequence: number): boolean {
    return this.all.some((name) => name[0] === sender && Number(name.slice(1)) > sequence);
  }

  stage(sender: string, sequence: number): void {
    const place = this.all.findIndex(
      (name, i) => i >= this.fixed && name[0] === sender && Number(name.slice(1)) > sequence,
    );
    const lastSmaller = this.all.findLastIndex(
      (name) => name[0] === sender && Number(name.slice(1)) <= sequence,
    );
    if (place === -1) this.all.push(`${sender}${sequence}`);
    else
      this.all.splice(
        Math.max(place, this.placeAfter(lastSmaller, sender, sequence)),
        0,
        `${sender}${sequence}`,
      );
  }

  /** Walking back stops at the last own entry that is not greater: the place is before the own greater ones behind it. */
  placeAfter(lastSmaller: number, sender: string, sequence: number): number {
    const next = this.all.findIndex(
      (name, i) =>
        i > lastSmaller &&
        i >= this.fixed &&
        name[0] === sender &&
        Number(name.slice(1)) > sequence,
    );
    return next === -1 ? this.all.length : next;
  }

  shown(): string[] {
    return this.all.slice(this.first - 1, this.visible);
  }

  apply(
    step: "hand" | "commit" | "rollback" | "rebase" | "trim",
    n: number,
    log: ChannelLog,
  ): void {
    if (step === "hand") {
      const to = Math.min(this.all.length, this.fixed + n);
      const handed = log.handOver(to);
      expect(handed.map((entry) => `${entry.senderId}${entry.sequence}`)).toEqual(
        this.all.slice(this.fixed, to),
      );
      this.fixed = to;
    } else if (step === "commit") {
      log.commit(this.fixed);
      this.visible = this.fixed;
    } else if (step === "trim") {
      this.first = Math.max(this.first, Math.min(this.first + n, this.visible + 1));
      log.trim(this.first);
    } else {
      const committed =
        step === "rollback"
          ? []
          : Array.from({ length: n }, (_, i) => ({
              ...entryOf(i + 1, "c"),
              position: this.visible + i + 1,
            }));
      const dropped =
        step === "rollback"
          ? log.rollback()
          : log.rebase(committed, { first: this.first, last: this.visible + n });
      expect(dropped.map((entry) => `${entry.senderId}${entry.sequence}`)).toEqual(
        this.all.slice(this.visible),
      );
      this.all = [
        ...this.all.slice(0, this.visible),
        ...committed.map((entry) => `c${entry.sequence}`),
      ];
      this.visible = this.all.length;
      this.fixed = this.visible;
    }
  }
}
