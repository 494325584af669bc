import fc from "fast-check";
import { expect } from "vitest";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import type { CharsetLetters } from "../../src/cli/terminal/terminal-insides.ts";
import type { TerminalSize } from "../../src/protocol/terminal-entries.ts";
import { isBeyondOutput, stateOf } from "./screen-state.ts";

/** What happens to a screen: output, or another size. */
export type ScreenStep = string | Uint8Array | TerminalSize;

/** With a place at which another screen begins. */
export interface CutSession {
  readonly size: TerminalSize;
  readonly before: readonly ScreenStep[];
  readonly after: readonly ScreenStep[];
}

/** Throws unless a screen and one that began with its snapshot are the same, and stay the same. */
export async function expectSameAfter(
  { create }: Pick<typeof Screen, "create">,
  letters: CharsetLetters,
  { size, before, after }: CutSession,
): Promise<void> {
  const screen = await create(size);
  for (const step of before) await take(screen, step);
  fc.pre(!isBeyondOutput(screen));
  const copy = await copyOf(create, screen, letters);
  for (const step of after) {
    for (const each of [screen, copy]) await take(each, step);
    expect(stateOf(copy, letters)).toEqual(stateOf(screen, letters));
  }
  for (const each of [screen, copy]) each.dispose();
}

/** One that began with the snapshot of now. */
export async function copyOf(
  create: typeof Screen.create,
  screen: Screen,
  letters: CharsetLetters,
): Promise<Screen> {
  const snapshot = await screen.capture();
  const copy = await create(screen);
  await copy.write(snapshot);
  expect(stateOf(copy, letters)).toEqual(stateOf(screen, letters));
  const second = await create(screen);
  await second.write(copy.snapshotText());
  expect(stateOf(second, letters)).toEqual(stateOf(screen, letters));
  second.dispose();
  return copy;
}

export async function take(screen: Screen, step: ScreenStep): Promise<void> {
  if (typeof step === "string" || step instanceof Uint8Array) await screen.write(step);
  else await screen.resize(step);
}
