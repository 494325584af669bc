/** What the holder of a grant presents: all that a server needs to find it, in one word. */
export interface GrantValue {
  readonly grantId: string;
  /** 256 random bits, base64url. */
  readonly secret: string;
  readonly processId: string;
}

// No JWT looks like it: those begin with the base64 of "{".
const valueForm =
  /^grant\.([a-z0-9]{1,64})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9][A-Za-z0-9._~-]{0,127})$/;

/** Wire form: `grant.<id>.<secret>.<process>`, safe in a URL and in a header. */
export function encodeGrantValue({ grantId, secret, processId }: GrantValue): string {
  return `grant.${grantId}.${secret}.${processId}`;
}

/** Undefined for what is no grant, such as a token. */
export function decodeGrantValue(text: string): GrantValue | undefined {
  const [, grantId, secret, processId] = valueForm.exec(text) ?? [];
  if (grantId === undefined || secret === undefined || processId === undefined) return undefined;
  return { grantId, secret, processId };
}
