import { encodeRoute, parseRoute } from "./route.ts";
import { processOfGrant } from "./credential.ts";

/** What a link brings along to sign in with, and the fragment that takes its place in the history. */
export type SignInFragment =
  | { readonly kind: "code"; readonly code: string; readonly to: string }
  | {
      readonly kind: "grant";
      /** As a credential is written. */
      readonly grant: string;
      readonly to: string;
    };

/**
 * `#code=<code>&to=<path>` of `jobwire serve` and `jobwire console`, `#grant=<value>&ops=<ops>&channel=<name>` of
 * a link that was shared. Undefined for any other fragment.
 */
export function parseSignInFragment(fragment: string): SignInFragment | undefined {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const code = fields.get("code");
  // Read and written again: whatever else it may be, it is a place of this page.
  if (code !== null && code !== "")
    return { kind: "code", code, to: encodeRoute(parseRoute(fields.get("to") ?? "/")) };
  const grant = fields.get("grant");
  if (grant === null) return undefined;
  const processId = processOfGrant(grant) ?? fields.get("process");
  if (processId === null) return undefined;
  const channel = fields.get("channel") ?? undefined;
  const ops = fields.get("ops");
  const credential = ops === null || !/^[a-z,]+$/.test(ops) ? grant : `${grant} ${ops}`;
  return { kind: "grant", grant: credential, to: encodeRoute({ page: "job", processId, channel }) };
}
