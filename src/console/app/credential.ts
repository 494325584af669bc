import { readSubject } from "../../client/token-source.ts";

/** What a tab signs its requests with, and whom that makes it. */
export interface Credential {
  readonly token: string;
  /** The sender id of what this tab appends. */
  readonly identity: string;
  /** The one process that a grant is for; undefined for a token. */
  readonly grantProcessId?: string;
}

/** Form of `grant.<id>.<secret>.<process>` (PROTOCOL.md). */
const grantForm = /^grant\.([a-z0-9]+)\.[\w-]+\.(.+)$/;

/** Undefined for what is no grant. */
export function processOfGrant(value: string): string | undefined {
  return grantForm.exec(value)?.[2];
}

/** By the text of a token or a grant. Undefined for what can be neither. */
export function readCredential(text: string): Credential | undefined {
  const token = text.trim();
  const [, grantId, grantProcessId] = grantForm.exec(token) ?? [];
  if (grantId !== undefined && grantProcessId !== undefined)
    return { token, identity: `grant:${grantId}`, grantProcessId };
  const identity = readSubject(token);
  return identity === undefined ? undefined : { token, identity };
}
