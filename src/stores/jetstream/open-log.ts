import type { ChannelKey } from "../../core/store.ts";
import type { Tail } from "./jet-stream.ts";
import type { LogView } from "./log-view.ts";

/** A log that this node has to do with. */
export interface OpenLog {
  readonly key: ChannelKey;
  readonly stream: string;
  readonly subject: string;
  /** Undefined before it was read, and where there is no such log. */
  view: LogView | undefined;
  followerCount: number;
  tail: Tail | undefined;
  /** Highest sequence that the tail reported. */
  heard: number;
  /** Reads what is new; those who ask meanwhile share the next one. */
  reading: Promise<unknown> | undefined;
  nextReading: Promise<LogView | undefined> | undefined;
  /** Monotonic time of the next look for a message that the tail has missed, and the pause before it. */
  lookAtMs: number;
  lookPauseMs: number;
}
