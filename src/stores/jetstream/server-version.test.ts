import { expect, it } from "vitest";
import { isOlderVersion, oldestServer } from "./server-version.ts";

it.each([
  ["2.9.10", true],
  ["1.4.1", true],
  ["2.10.0", false],
  ["2.10.27", false],
  ["2.15.1", false],
  ["2.12.0-beta.1", false],
  ["3.0.0", false],
  ["", false],
  ["dev", false],
])("whether %j is too old: %s", (version, expected) => {
  expect(isOlderVersion(version, oldestServer)).toBe(expected);
});
