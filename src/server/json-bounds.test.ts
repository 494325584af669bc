import { describe, expect, it } from "vitest";
import { requireBoundedJson } from "./json-bounds.ts";

describe("bounds of JSON", () => {
  it("let through what a body of the protocol is", () => {
    const entry = { payload: '[{,"\\'.repeat(100_000), sequence: 1 };
    requireBoundedJson(JSON.stringify({ entries: Array.from({ length: 10 }, () => entry) }));
    requireBoundedJson(`${"[".repeat(16)}${"]".repeat(16)}`);
  });

  it.each([
    ["levels", "[".repeat(17)],
    ["levels", '{"a":'.repeat(17)],
    ["values", `[${"0,".repeat(250_001)}0]`],
    ["values", `[${"{},".repeat(125_001)}0]`],
  ])("refuse too many %s", (what, text) => {
    expect(() => requireBoundedJson(text)).toThrow(what);
  });

  it("leave to the parser what is no JSON", () => {
    for (const text of ["", '"', '"\\', '[}"', "]]]"]) requireBoundedJson(text);
  });
});
