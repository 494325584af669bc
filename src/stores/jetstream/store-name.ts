export const defaultStoreName = "jobwire";

/** Throws `RangeError` for what cannot be a part of a subject. */
export function requireStoreName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new RangeError(`name must be up to 64 letters, digits, - and _, got ${name}`);
}
