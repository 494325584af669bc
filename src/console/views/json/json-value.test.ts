import { expect, it } from "vitest";
import { membersOf, parsePayload, previewOf } from "./json-value.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

it("takes JSON apart, and shows the rest as text", () => {
  expect(parsePayload(bytes('{"a":[1]}'))).toEqual({ kind: "json", value: { a: [1] } });
  expect(parsePayload(bytes("{a}"))).toEqual({ kind: "text", text: "{a}" });
  expect(parsePayload(bytes(""))).toEqual({ kind: "text", text: "" });
  expect(parsePayload(Uint8Array.from([0x22, 0xff, 0x22]))).toMatchObject({ kind: "text" });
  expect(parsePayload(bytes(`"${"x".repeat(2_000_000)}"`))).toMatchObject({ kind: "text" });
});

it("previews a value in a line that is never long", () => {
  expect(previewOf({ loss: 0.5, tags: ["a", { b: [1] }], none: null })).toBe(
    '{loss: 0.5, tags: ["a", {…}], none: null}',
  );
  expect(previewOf([])).toBe("[]");
  expect(previewOf(Array.from({ length: 9 }, (_, i) => i))).toBe("[0, 1, 2, 3, 4, 5, 6, 7, …]");
  const nested = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`) as [];
  expect(previewOf(nested)).toBe("[[[…]]]");
  expect(previewOf(["x".repeat(1_000), "y".repeat(1_000)]).length).toBe(160);
});

it("gives the first members, whatever they are called", () => {
  const value = JSON.parse('{"__proto__":1,"b":2,"c":3}') as Record<string, number>;
  expect(membersOf(value, 2)).toEqual({
    members: [
      ["__proto__", 1],
      ["b", 2],
    ],
    count: 3,
  });
});
