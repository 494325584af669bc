import { expect, it } from "vitest";
import { TurnQueue } from "./turn-queue.ts";

it("a queue of turns lets so many pass in one, in order, and others in between", async () => {
  const queue = new TurnQueue(2);
  const seen: string[] = [];
  const pieces = ["a", "b", "c", "d", "e"].map(async (piece) => {
    await queue.next();
    seen.push(piece);
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(seen).toEqual(["a", "b"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(["a", "b", "c", "d"]);
  await Promise.all(pieces);
  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
});
