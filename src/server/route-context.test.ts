import { expect, it } from "vitest";
import { given } from "./route-context.ts";

it("leaves out what is undefined, and takes a field for a field whatever its name", () => {
  const body = JSON.parse('{"__proto__":{"type":"x"},"a":1}') as Record<string, unknown>;
  const found = given({ ...body, b: undefined });

  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  expect(given(body)).not.toHaveProperty("type");
  expect(Object.keys(found)).toEqual(["__proto__", "a"]);
});
