import { requireSafeInteger } from "../entry.ts";
import type { OpenChannel } from "./open-channel.ts";
import type { Gap, GapReason, StartAt } from "./views.ts";

/** The position that a reader has come to, 0 where it names none. */
export function positionOf(after: StartAt): number {
  if (typeof after === "number") return after;
  return typeof after === "object" && "position" in after ? after.position : 0;
}

/** Where a reader begins, and the gap it meets at once if what it asks for is not there. */
export function resolveStart(
  channel: OpenChannel,
  epoch: string,
  after: StartAt,
): { readonly position: number; readonly gap?: Gap } {
  if (after === "start") return { position: channel.first - 1 };
  if (after === "now") return { position: channel.visible };
  if (typeof after === "object" && "last" in after) {
    const count = requireSafeInteger("last", after.last, 0);
    return { position: Math.max(channel.first - 1, channel.visible - count) };
  }
  const position = requireSafeInteger("after", typeof after === "number" ? after : after.position);
  if (typeof after === "object" && after.epoch !== epoch) return atStart("epoch");
  if (position > channel.visible) {
    const cursor = { epoch, position: channel.visible };
    return { position, gap: { reason: "ahead", first: channel.first, cursor } };
  }
  // "After 0" asks for the oldest kept entry, whatever came before it.
  if (position <= 0) return { position: channel.first - 1 };
  if (position < channel.first - 1) return atStart("trimmed");
  return { position };

  function atStart(reason: GapReason): { readonly position: number; readonly gap: Gap } {
    const { first } = channel;
    return { position: first - 1, gap: { reason, first, cursor: { epoch, position: first - 1 } } };
  }
}
