import { expect, it } from "vitest";
import { readReplayKeys } from "./replay-keys.ts";

it("knows its keys, and takes letters of other sequences for none", () => {
  expect(readReplayKeys(" +-")).toEqual(["pause", "faster", "slower"]);
  expect(readReplayKeys("\x1b[C\x1bOC\x1b[A\x1b[1;5C")).toEqual(["skip", "skip"]);
  expect(readReplayKeys("xq\x03")).toEqual(["leave", "leave"]);
});
