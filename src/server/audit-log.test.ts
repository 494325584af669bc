import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { AuditLog } from "./audit-log.ts";
import type { AuditLine, Refusal } from "./audit-log.ts";

const refusal: Refusal = { address: "192.0.2.1", action: "read", code: "forbidden", reason: "no" };

function createWorld() {
  const clock = new FakeClock();
  const lines: AuditLine[] = [];
  return { clock, lines, log: new AuditLog((line) => lines.push(line), clock) };
}

describe("AuditLog", () => {
  it("writes the first of a kind at once, and counts the others every 10 s", () => {
    const { clock, lines, log } = createWorld();
    for (let i = 0; i < 1_000; i++) log.note(refusal);
    log.note({ ...refusal, code: "unauthorized" });
    log.note({ ...refusal, identity: "ada" });
    expect(lines.map(({ code, identity, count }) => [code, identity, count])).toEqual([
      ["forbidden", undefined, undefined],
      ["unauthorized", undefined, undefined],
      ["forbidden", "ada", undefined],
    ]);
    clock.advance(10_000);
    expect(lines.slice(3)).toEqual([{ ...refusal, count: 999 }]);
    log.note(refusal);
    clock.advance(10_000);
    expect(lines.slice(4)).toEqual([{ ...refusal, count: 1 }]);
  });

  it("takes one after a quiet time for a first again", () => {
    const { clock, lines, log } = createWorld();
    log.note(refusal);
    clock.advance(20_000);
    log.note(refusal);
    expect(lines).toEqual([refusal, refusal]);
  });

  it("loses no count when it ends, and holds a bounded number of kinds", () => {
    const { lines, log } = createWorld();
    for (let i = 0; i < 5_000; i++) log.note({ ...refusal, address: `192.0.2.${i}` });
    log.close();
    const counted = lines.reduce((sum, { count = 1 }) => sum + count, 0);
    expect([lines.length, counted]).toEqual([1_001, 5_000]);
  });
});
