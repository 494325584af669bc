import { isChannelError, Router } from "../../src/core/index.ts";
import type { MsgEntry, RouterOptions, Subscription } from "../../src/core/index.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (entry: MsgEntry | undefined): string =>
  new TextDecoder().decode(entry?.payload);

export function createRouter(options: RouterOptions = {}): Router {
  const router = new Router(options);
  router.create({ id: "c1", processId: "p1", name: "chat", submitterId: "sub", executorId: "exe" });
  return router;
}

export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isChannelError(error)) return error.code;
    throw error;
  }
  return "no error";
}

export async function takeAll(subscription: Subscription): Promise<MsgEntry[]> {
  const entries: MsgEntry[] = [];
  for await (const entry of subscription) entries.push(entry);
  return entries;
}
