import { expect, test } from "vitest";
import { createHead } from "../../core/channel-head.ts";
import { LogTurns } from "./log-turns.ts";
import { LogSeries } from "./series.ts";

function createTurns() {
  const turns = new LogTurns();
  const key = { life: "life", processId: "process", channel: "out" };
  const log = new LogSeries(1, key, createHead("epoch", 1), 0);
  const begun: string[] = [];
  const enter = (name: string): void =>
    turns.enter(log.name, log, { begin: () => begun.push(name) > 0 });
  return { turns, log, begun, enter };
}

test("one write of a log has its turn, and who comes meanwhile waits in the order of coming", () => {
  const { turns, log, begun, enter } = createTurns();
  expect(turns.take(log)).toBe(true);
  expect(turns.take(log)).toBe(false);
  enter("second");
  enter("third");
  expect(begun).toEqual([]);
  turns.leave(log.name, log);
  expect(begun).toEqual(["second"]);
  expect(turns.take(log)).toBe(false);
  turns.leave(log.name, log);
  turns.leave(log.name, log);
  expect(begun).toEqual(["second", "third"]);
  expect(turns.take(log)).toBe(true);
});

test("nobody takes the turn of work that has failed and not left yet", async () => {
  const { turns, log, begun, enter } = createTurns();
  const work = turns.run(log.name, log, () => Promise.reject(new Error("refused")));
  expect(turns.take(log)).toBe(false);
  enter("second");
  await expect(work).rejects.toThrow("refused");
  expect(begun).toEqual(["second"]);
});
