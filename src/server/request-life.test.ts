import { describe, expect, it } from "vitest";
import { RequestLife } from "./request-life.ts";

describe("the life of a request", () => {
  it("tells of its end once, whoever asks before or after it, and by a signal that is wanted late", () => {
    const life = new RequestLife();
    const told: string[] = [];
    life.whenOver(() => told.push("before"));
    const { signal } = life;
    expect([signal.aborted, told]).toEqual([false, []]);

    life.end();
    life.end();
    life.whenOver(() => told.push("after"));

    expect([signal.aborted, told]).toEqual([true, ["before", "after"]]);
    expect(life.signal).toBe(signal);
    const over = new RequestLife();
    over.end();
    expect(over.signal.aborted).toBe(true);
  });
});
