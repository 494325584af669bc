import type { Clock } from "../system.ts";
import { ChannelError } from "../errors.ts";
import type { PageLimits } from "../store.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import type { Gap, ReadResult, StartAt, SubscriptionItem } from "./views.ts";

export interface ReadOptions extends Partial<PageLimits> {
  /** By default from the oldest kept entry. */
  readonly after?: StartAt;
  /** How long to wait for an entry where there is none, in milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** One bounded answer from a subscription that is not kept. */
export async function readOnce(
  subscription: ChannelSubscription,
  options: ReadOptions,
  clock: Clock,
): Promise<ReadResult> {
  let gap: Gap | undefined;
  let item = await subscription.poll(options);
  if (item === undefined && (options.waitMs ?? 0) > 0)
    item = await waitForItem(subscription, options, clock);
  if (item?.kind === "gap") {
    const { reason, first, cursor } = item;
    gap = { reason, first, cursor };
    item = await subscription.poll(options);
  }
  const entries = item?.kind === "entries" ? item.entries : [];
  // What ends here is told with the last entries: a reader need not come again to learn it.
  const end = item?.kind === "end" ? item : await endBehind(subscription, item);
  if (end?.kind === "end" && end.reason !== "closed") throw endError(end);
  return {
    ...(gap === undefined ? {} : { gap }),
    entries,
    cursor: subscription.cursor,
    last: subscription.lastPosition(),
    ...(end?.kind === "end" && end.outcome !== undefined ? { outcome: end.outcome } : {}),
  };
}

async function endBehind(
  subscription: ChannelSubscription,
  item: SubscriptionItem | undefined,
): Promise<SubscriptionItem | undefined> {
  if (item?.kind !== "entries" || subscription.cursor.position < subscription.lastPosition())
    return undefined;
  if (subscription.channel.head.seal === undefined) return undefined;
  return subscription.poll();
}

function endError(end: Extract<SubscriptionItem, { kind: "end" }>): ChannelError {
  if (end.error !== undefined) return end.error;
  if (end.reason === "shutdown") return new ChannelError("shutting_down", { retryAfterMs: 1_000 });
  if (end.reason === "deleted") return new ChannelError("process_not_found", { processId: "" });
  return new ChannelError("unauthorized", { reason: "the right to read was taken away" });
}

async function waitForItem(
  subscription: ChannelSubscription,
  options: ReadOptions,
  clock: Clock,
): Promise<SubscriptionItem | undefined> {
  options.signal?.throwIfAborted();
  const timeout = new AbortController();
  const timer = clock.after(options.waitMs ?? 0, () => timeout.abort());
  const abort = (): void => timeout.abort();
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    return await subscription.next({ ...options, signal: timeout.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timeout.signal.aborted) return undefined;
    throw error;
  } finally {
    timer.cancel();
    options.signal?.removeEventListener("abort", abort);
  }
}
