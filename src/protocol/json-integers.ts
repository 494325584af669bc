import { invalidArgument } from "../core/errors.ts";

// Strings are skipped as wholes, so that digits in them do not count.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * JSON.parse, but an integer outside ±(2^53−1) throws `invalid_argument` instead of being rounded to
 * another one. So does text that is not JSON.
 */
export function parseJson(text: string, argument = "body"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(
      argument,
      "JSON",
      error instanceof Error ? error.message.slice(0, 120) : undefined,
    );
  }
  // 16 digits is the least that can be too large.
  if (/\d{16}|[eE]/.test(text)) requireExactIntegers(text, argument);
  return value;
}

function requireExactIntegers(text: string, argument: string): void {
  for (const [found] of text.matchAll(token)) {
    if (found.startsWith('"')) continue;
    const number = Number(found);
    // Fractions are nobody's sequence or position; those of 1e400 are as little a number as an integer.
    if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) {
      throw invalidArgument(
        `a number in ${argument}`,
        "an integer within ±(2^53−1)",
        found.slice(0, 40),
      );
    }
  }
}
