import type { ChannelView, ProcessHandle } from "../../client/index.ts";
import type { ViewName } from "./view-names.ts";

/** The form that fits what is in a channel. */
export async function guessView(
  _handle: ProcessHandle,
  _channel: ChannelView,
  _signal: AbortSignal,
): Promise<ViewName> {
  return "text";
}
