/** How often a random test runs: `npm run test:long` takes the long count. */
export function runCount(short: number, long: number): number {
  return process.env.JOBWIRE_TEST_LONG === undefined ? short : long;
}
