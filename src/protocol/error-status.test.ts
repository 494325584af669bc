import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ChannelError, errorCodes, isChannelError } from "../core/errors.ts";
import { isOfToken, isRetryable, retryAfterMs } from "./error-retry.ts";
import { decodeError } from "./decode-error.ts";
import { encodeError, errorStatus } from "./error-status.ts";

describe("errors on the wire", () => {
  it("are documented with the statuses they have", () => {
    const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const documented = rows.map((row) =>
      row
        .split("|")
        .slice(1, 5)
        .map((cell) => cell.trim()),
    );
    const actual = errorCodes.map((code) => {
      const { httpStatus, closeCode, retryable } = errorStatus[code];
      return [`\`${code}\``, String(httpStatus), String(closeCode), retryable ? "yes" : "no"];
    });
    const inOrder = (table: string[][]) => table.map((row) => row.join(" ")).sort();
    expect(inOrder(documented)).toEqual(inOrder(actual));
  });

  it("have statuses that say whether to come back, and with what", () => {
    for (const code of errorCodes) {
      const { httpStatus, closeCode, retryable } = errorStatus[code];
      const error = new ChannelError(code, {});
      expect([code, isRetryable(error)]).toEqual([code, retryable]);
      expect([code, isOfToken(error)]).toEqual([code, httpStatus === 401]);
      expect([code, closeCode < 4500]).toEqual([code, retryable]);
      expect(closeCode).toBeGreaterThanOrEqual(4000);
      expect(closeCode).toBeLessThan(5000);
    }
    expect(new Set(Object.values(errorStatus).map(({ closeCode }) => closeCode)).size).toBe(
      errorCodes.length,
    );
  });

  it("become the same error again at the other end", () => {
    const error = new ChannelError("sequence_gap", { expectedSequence: 3, actualSequence: 5 });
    const again = decodeError(JSON.parse(JSON.stringify(encodeError(error, "r1"))));
    expect(isChannelError(again, "sequence_gap") && again.details).toEqual(error.details);
    expect(again?.message).toBe(error.message);
    expect(decodeError({ code: "nonsense" })).toBeUndefined();
    expect(decodeError("text")).toBeUndefined();
  });

  it("say when to come back where that is known", () => {
    expect(retryAfterMs(new ChannelError("rate_limit_exceeded", { retryAfterMs: 250 }))).toBe(250);
    expect(retryAfterMs(new ChannelError("unauthorized", {}))).toBeUndefined();
    expect(retryAfterMs(new ChannelError("store_failed", { reason: "x" }))).toBe(30_000);
  });
});
