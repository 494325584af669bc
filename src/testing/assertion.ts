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

/** Compares by JSON: everything that a store hands out is plain data. */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new SuiteFailure(`${what}: expected ${e}, got ${a}`);
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
