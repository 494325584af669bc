/**
 * With three copies, 2.9.10 acknowledges two messages with the same expectation, so that readers read different
 * logs; and its consumers leave out messages that are there.
 */
export const oldestServer = "2.10";

/** Whether a version is before another one, by its first two numbers. False where one of them has none. */
export function isOlderVersion(version: string, than: string): boolean {
  const [one, other] = [parse(version), parse(than)];
  if (one === undefined || other === undefined) return false;
  return one.major < other.major || (one.major === other.major && one.minor < other.minor);
}

function parse(version: string): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return { major: Number(major), minor: Number(minor) };
}
