import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeBase64Portably, encodeBase64Portably } from "./base64.ts";

it("base64 without node is that of node", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000, size: "max" }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(encodeBase64Portably(bytes)).toBe(text);
      expect(Buffer.compare(decodeBase64Portably(text), bytes)).toBe(0);
    }),
    { numRuns: 30 },
  );
});
