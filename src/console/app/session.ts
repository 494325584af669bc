import { signal, type ReadonlySignal } from "@preact/signals";
import { ChannelError, Jobwire } from "../../client/index.ts";
import { readCredential, textOfCredential, type Credential } from "./credential.ts";
import { NeighbourTabs } from "./neighbour-tabs.ts";
import { navigate } from "./router.ts";
import { parseRoute } from "./route.ts";
import { grantOver, ServerAccess, type Refusal } from "./server-access.ts";
import { parseSignInFragment } from "./sign-in-fragment.ts";

/** Somebody who is signed in. */
export interface SignedIn extends Credential {
  readonly kind: "in";
  readonly wire: Jobwire;
}

export type SessionState =
  | SignedIn
  | { readonly kind: "entering" }
  | {
      readonly kind: "out";
      /** What happened, for the person, and whether it is not what he wanted. */
      readonly notice?: string;
      readonly isTrouble?: boolean;
      /** A link whose code could not be asked about yet. */
      readonly code?: string;
    };

/** The folder that the page lies in, whatever proxy has put it there. */
const base = new URL(".", location.href.split("#", 1)[0]).href;
/** One site may have several consoles: what one server has given is not shown to another. */
const storageKey = `jobwire.token ${base}`;
const access = new ServerAccess(base);
const state = signal<SessionState>({ kind: "out" });

/** Who uses this tab. */
export const session: ReadonlySignal<SessionState> = state;

const signedOut = { notice: "You are signed out.", isTrouble: false };

const tabs = new NeighbourTabs(base, {
  // A link that was shared is for the tab that opened it.
  token: () => (isOwnSession(state.value) ? state.value.token : undefined),
  onSignedOut: () => {
    if (isOwnSession(state.value)) leave(signedOut);
  },
});

/** With what the link brings along, else as before the reload, else as another tab. */
export function startSession(): void {
  addEventListener("hashchange", () => takeFragment());
  if (takeFragment()) return;
  const kept = readCredential(sessionStorage.getItem(storageKey) ?? "");
  if (kept === undefined) void joinNeighbour();
  else enter(kept);
}

async function joinNeighbour(): Promise<void> {
  const entering: SessionState = { kind: "entering" };
  state.value = entering;
  const credential = readCredential((await tabs.askForToken()) ?? "");
  // A link may have been followed meanwhile.
  if (state.value !== entering) return;
  if (credential === undefined) state.value = { kind: "out" };
  else enter(credential);
}

function isOwnSession(value: SessionState): value is SignedIn {
  return value.kind === "in" && value.grantProcessId === undefined;
}

/** By a token, a grant, or a link that has been pasted. */
export async function signIn(text: string): Promise<void> {
  if (text.includes("#")) {
    const fragment = text.slice(text.indexOf("#")).trim();
    if (takeFragment(fragment)) return;
  }
  const credential = readCredential(text);
  if (credential === undefined)
    return leave({ notice: "That is neither a token nor a link to this console." });
  await tryToEnter(credential);
}

/** Leaves nothing of the session in this tab, nor in others that have it. */
export function signOut(): void {
  if (isOwnSession(state.value)) tabs.tellSignedOut();
  leave(signedOut);
}

/** Of a link that was shared and is refused: its holder has nothing else here. Nothing for who has signed in. */
export function leaveShared(): void {
  const { value } = state;
  if (value.kind === "in" && value.grantProcessId !== undefined) leave({ notice: grantOver });
}

export async function exchangeCode(code: string): Promise<void> {
  state.value = { kind: "entering" };
  const answer = await access.exchangeCode(code);
  if (!("token" in answer)) return refuse(answer, code);
  const credential = readCredential(answer.token);
  if (credential !== undefined) enter(credential);
}

/** Whether there was something to sign in with: it is in nobody's history from here on. */
function takeFragment(fragment = location.hash): boolean {
  const found = parseSignInFragment(fragment);
  if (found === undefined) return false;
  navigate(parseRoute(found.to), { replace: true });
  if (state.value.kind === "in") close(state.value);
  if (found.kind === "code") void exchangeCode(found.code);
  else void signIn(found.grant);
  return true;
}

/** Whether this tab may write into a channel that is for the submitter's side. */
export async function mayAppend(processId: string, channel: string): Promise<boolean> {
  const { value } = state;
  if (value.kind !== "in") return false;
  if (value.grantProcessId === undefined) return true;
  return value.ops?.includes("append") ?? (await access.mayAppend(value, processId, channel));
}

async function tryToEnter(credential: Credential): Promise<void> {
  state.value = { kind: "entering" };
  const refusal = await access.check(credential);
  if (refusal === undefined) enter(credential);
  else refuse(refusal);
}

function refuse({ isFinal, message }: Refusal, code?: string): void {
  leave({ notice: message, ...(isFinal || code === undefined ? {} : { code }) });
}

function enter(credential: Credential): void {
  sessionStorage.setItem(storageKey, textOfCredential(credential));
  const wire: Jobwire = new Jobwire({ url: base, token: createTokenSource(credential) });
  state.value = { kind: "in", wire, ...credential };
}

/**
 * The client asks again when its token was refused or will soon expire. There is no other one: whether it
 * still counts is found out, and where it does not, the session is over wherever the page was.
 */
function createTokenSource(credential: Credential): () => Promise<string> {
  let isFirst = true;
  return async () => {
    const refusal = isFirst ? undefined : await access.check(credential);
    isFirst = false;
    if (refusal?.isFinal !== true) return credential.token;
    const { value } = state;
    if (value.kind === "in" && value.token === credential.token) leave({ notice: refusal.message });
    throw new ChannelError("unauthenticated", { reason: refusal.message });
  };
}

function leave(why: Omit<Extract<SessionState, { kind: "out" }>, "kind">): void {
  sessionStorage.removeItem(storageKey);
  if (state.value.kind === "in") close(state.value);
  state.value = { kind: "out", isTrouble: true, ...why };
}

function close({ wire }: SignedIn): void {
  // What was typed and is not acknowledged yet has its time; nobody waits for it.
  wire.close().catch(() => undefined);
}
