import { readSubject } from "../../client/token-source.ts";

/** What a tab signs its requests with, and whom that makes it. */
export interface Credential {
  readonly token: string;
  /** The sender id of what this tab appends. */
  readonly identity: string;
  /** The one process that a grant is for; undefined for a token. */
  readonly grantProcessId?: string;
  /** What a grant lets its holder do, as the link says that it came with; the server has the last word. */
  readonly ops?: readonly string[];
}

/** Form of `grant.<id>.<secret>.<process>` (PROTOCOL.md). */
const grantForm = /^grant\.([a-z0-9]+)\.[\w-]+\.(.+)$/;

/** Undefined for what is no grant. */
export function processOfGrant(value: string): string | undefined {
  return grantForm.exec(value)?.[2];
}

/** By the text of a token or a grant, with its ops behind it where they are known. Undefined for what can be neither. */
export function readCredential(text: string): Credential | undefined {
  const [token = "", ops] = text.trim().split(/\s+/);
  const [, grantId, grantProcessId] = grantForm.exec(token) ?? [];
  if (grantId !== undefined && grantProcessId !== undefined) {
    const told = ops === undefined ? {} : { ops: ops.split(",") };
    return { token, identity: `grant:${grantId}`, grantProcessId, ...told };
  }
  const identity = readSubject(token);
  return identity === undefined ? undefined : { token, identity };
}

/** What `readCredential` reads. */
export function textOfCredential({ token, ops }: Credential): string {
  return ops === undefined ? token : `${token} ${ops.join(",")}`;
}
