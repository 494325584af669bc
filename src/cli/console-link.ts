import type { NewGrant } from "../client/index.ts";
import type { Api } from "./api.ts";

/** What the console shows first: the jobs unless it is one process. */
interface ConsolePlace {
  /** Where people reach the server. */
  readonly url: string;
  readonly processId?: string | undefined;
}

/** For those who are signed in. */
export function consoleAddress({ url, processId }: ConsolePlace): string {
  const place = processId === undefined ? "/" : `/p/${encodeURIComponent(processId)}`;
  return `${url.replace(/\/+$/, "")}/#${place}`;
}

/**
 * A link to the console that signs in whoever is the first to follow it, within five minutes, for half a day.
 * The code stands in the fragment, which browsers send to nobody. Throws what the server refuses.
 */
export async function createSignInLink(
  api: Api,
  { url, processId }: ConsolePlace,
): Promise<string> {
  const session = api.as(api.credentials.forSession());
  const answer = await session.request("POST", "/v1/sign-in/codes");
  const { code } = answer as { readonly code: string };
  return signInAddress(code, { url, processId });
}

/** For whoever gets the grant: it opens what the grant is for, and nothing else. The page is told by it what that is. */
export function sharedAddress(
  { grant, ops, channels }: Pick<NewGrant, "grant" | "ops" | "channels">,
  url: string,
): string {
  const [only, ...others] = channels ?? [];
  const channel = only === undefined || others.length > 0 ? "" : `&channel=${only}`;
  return `${url.replace(/\/+$/, "")}/#grant=${grant}&ops=${ops.join(",")}${channel}`;
}

export function signInAddress(code: string, { url, processId }: ConsolePlace): string {
  const to = processId === undefined ? "" : `&to=${encodeURIComponent(`/p/${processId}`)}`;
  return `${url.replace(/\/+$/, "")}/#code=${code}${to}`;
}
