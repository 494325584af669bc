/** What a suite throws when something is not as the contract says. Needs no test framework. */
export class SuiteFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SuiteFailure";
  }
}

export function requireTrue(condition: boolean, claim: string): void {
  if (!condition) throw new SuiteFailure(`does not hold: ${claim}`);
}

/** Compares by JSON, whatever the order of fields: everything that a store hands out is plain data. */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, e] = [canonicalJson(actual), canonicalJson(expected)];
  if (a !== e) throw new SuiteFailure(`${what}: expected ${e}, got ${a}`);
}

/** The same text for the same data, whatever the order of fields. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, inOrder);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The rejection of a promise; a fulfilled one fails. */
export async function rejectionOf(promise: Promise<unknown>, what: string): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new SuiteFailure(`${what}: expected a rejection, but it succeeded`);
}
