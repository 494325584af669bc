import { invalidArgument } from "../core/errors.ts";

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

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
  // 16 digits is the least that can be too large, and an exponent stands behind a digit.
  if (/\d{16}|\d[eE]/.test(text)) requireExactIntegers(text, argument);
  return value;
}

/** Of valid JSON. Strings are skipped by hand: a regular expression runs out of stack on those of some megabytes. */
function requireExactIntegers(text: string, argument: string): void {
  for (let start = 0; start < text.length;) {
    const quote = text.indexOf('"', start);
    const end = quote === -1 ? text.length : quote;
    for (const [found] of text.slice(start, end).matchAll(number)) requireExact(found, argument);
    if (quote === -1) return;
    start = endOfJsonString(text, quote);
  }
}

/** Behind the string that begins at the given quote; the end of the text where it has no end. */
export function endOfJsonString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); ; end = text.indexOf('"', end + 1)) {
    if (end === -1) return text.length;
    let first = end;
    while (text[first - 1] === "\\") first -= 1;
    // An even number of backslashes escape each other, not the quote.
    if ((end - first) % 2 === 0) return end + 1;
  }
}

function requireExact(found: string, argument: string): void {
  const value = Number(found);
  // Fractions are nobody's sequence or position; those of 1e400 are as little a number as an integer.
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return;
  throw invalidArgument(
    `a number in ${argument}`,
    "an integer within ±(2^53−1)",
    found.slice(0, 40),
  );
}
