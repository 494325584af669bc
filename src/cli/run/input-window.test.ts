import { expect, it } from "vitest";
import { InputWindow } from "./input-window.ts";
import type { NewEntry } from "./job-producer.ts";

const MiB = 1024 * 1024;
const entryOf = (bytes: number): NewEntry => ({ payload: new Uint8Array(bytes) });

it("is full at 16 MiB that the program has not taken, and tells when there is room", () => {
  const window = new InputWindow();
  let told = 0;
  window.onRoom = () => (told += 1);
  for (let position = 1; position <= 16; position++) window.acknowledged(entryOf(MiB), position);
  expect(window.isFull).toBe(true);
  window.received(16);
  expect(window.isFull).toBe(true);
  window.consumed(1);
  expect(window.isFull).toBe(false);
  expect(told).toBe(1);
});

it("does not count what the program had before its sender was told", () => {
  const window = new InputWindow();
  window.received(1);
  window.consumed(1);
  window.acknowledged(entryOf(16 * MiB), 1);
  expect(window.isFull).toBe(false);
  window.renew();
  expect(window.unsent).toEqual([]);
});

it("gives what was not received to a process that was created again, until that has it", () => {
  const window = new InputWindow();
  const [first, second, third] = [entryOf(1), entryOf(2), { type: "end" }] as const;
  [first, second, third].forEach((entry, i) => window.acknowledged(entry, i + 1));
  // In the hands of who feeds the program, though the program has taken nothing.
  window.received(1);
  window.renew();
  expect(window.unsent).toEqual([second, third]);
  window.acknowledged(second, 1);
  expect(window.unsent).toEqual([third]);
  // Forgotten again, before the rest had arrived.
  window.renew();
  expect(window.unsent).toEqual([second, third]);
});
