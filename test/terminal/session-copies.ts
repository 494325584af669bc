import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import type { CharsetLetters } from "../../src/cli/terminal/terminal-insides.ts";
import type { RecordedSession } from "./recorded-session.ts";
import { take, type ScreenStep } from "./screen-copy.ts";
import { stateOf } from "./screen-state.ts";

export interface SessionCuts {
  /** Every so many steps a screen begins between two of them, and goes on to the end. */
  readonly everyBorder: number;
  /** Where in a step one begins that goes on for `stepsAfter` more of them. */
  readonly places: (text: string, index: number) => Iterable<number>;
}

const stepsAfter = 2;

/** Throws unless all screens that begin with a snapshot on the way are, and stay, what the first one is. */
export async function expectSameFromCuts(
  { create }: Pick<typeof Screen, "create">,
  letters: CharsetLetters,
  { size, steps }: RecordedSession,
  { everyBorder, places }: SessionCuts,
): Promise<void> {
  const states = await statesAfter(create, letters, size, steps);
  const screen = await create(size);
  for (const [index, step] of steps.entries()) {
    if (index % everyBorder === 0)
      await expectCopyFollows(steps.slice(index), states.slice(index), `step ${index}`);
    if (typeof step !== "string") {
      await take(screen, step);
      continue;
    }
    let written = 0;
    for (const place of places(step, index)) {
      await screen.write(step.slice(written, place));
      written = place;
      const end = index + 1 + stepsAfter;
      const rest = [step.slice(place), ...steps.slice(index + 1, end)];
      await expectCopyFollows(rest, states.slice(index, end), `step ${index}, ${place}`);
    }
    await screen.write(step.slice(written));
  }
  screen.dispose();

  async function expectCopyFollows(
    rest: readonly ScreenStep[],
    wanted: readonly object[],
    cut: string,
  ): Promise<void> {
    const copy = await create(screen);
    await copy.write(await screen.capture());
    expectSame(stateOf(copy, letters), stateOf(screen, letters), `at ${cut}`);
    for (const [index, step] of rest.entries()) {
      await take(copy, step);
      // What differs stays for some time, but perhaps not to the end.
      const isPowerOfTwo = ((index + 1) & index) === 0;
      if (isPowerOfTwo || index === rest.length - 1)
        expectSame(stateOf(copy, letters), wanted[index]!, `${index + 1} after ${cut}`);
    }
    copy.dispose();
  }
}

/** Looks for what differs only where something does. */
function expectSame(state: object, wanted: object, when: string): void {
  if (!isDeepStrictEqual(state, wanted)) expect(state, when).toEqual(wanted);
}

async function statesAfter(
  create: typeof Screen.create,
  letters: CharsetLetters,
  size: RecordedSession["size"],
  steps: readonly ScreenStep[],
): Promise<readonly object[]> {
  const screen = await create(size);
  const states: object[] = [];
  for (const step of steps) {
    await take(screen, step);
    states.push(stateOf(screen, letters));
  }
  screen.dispose();
  return states;
}

/** One place, elsewhere in each step. */
function* onePlace(text: string, index: number): Iterable<number> {
  const place = ((index + 1) * 7919) % text.length;
  if (place > 0) yield isSecondHalf(text, place) ? place - 1 : place;
}

/** Between any two characters. */
function* everyPlace(text: string): Iterable<number> {
  for (let place = 1; place < text.length; place++) if (!isSecondHalf(text, place)) yield place;
}

export const sparseCuts: SessionCuts = { everyBorder: 3, places: onePlace };
export const allCuts: SessionCuts = { everyBorder: 1, places: everyPlace };

/** Of a character outside of the basic plane. */
function isSecondHalf(text: string, place: number): boolean {
  return (text.charCodeAt(place) & 0xfc00) === 0xdc00;
}
