const anything = "…";

/**
 * Whether `actual` is what a page shows. `…` stands for anything within a line; a line with nothing else, for
 * any number of lines. Space at the ends of lines and of the whole does not count.
 */
export function matchesText(expected: string, actual: string): boolean {
  const pattern = trimLines(expected).map((line) =>
    line.trim() === anything ? "(?:.*\\n)*?" : `${line.split(anything).map(escape).join(".*")}\\n`,
  );
  return new RegExp(`^${pattern.join("")}$`).test(`${trimLines(actual).join("\n")}\n`);
}

/**
 * Whether a JSON value is what a page shows, whatever its layout. `…` in a string stands for anything; a
 * string that is nothing else, for any value; a key `…`, for further keys.
 */
export function matchesJson(expected: unknown, actual: unknown): boolean {
  if (expected === anything) return true;
  if (typeof expected === "string") {
    return typeof actual === "string" && matchesText(expected, actual);
  }
  if (typeof expected !== "object" || expected === null) return expected === actual;
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(expected) !== Array.isArray(actual)) return false;
  const keys = Object.keys(expected).filter((key) => key !== anything);
  const isOpen = anything in expected;
  return (
    (isOpen || Object.keys(actual).length === keys.length) &&
    keys.every(
      (key) =>
        key in actual &&
        matchesJson(
          (expected as Record<string, unknown>)[key],
          (actual as Record<string, unknown>)[key],
        ),
    )
  );
}

function trimLines(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.trimEnd());
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
