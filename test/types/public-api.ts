/** What the types of the main entry point promise. Compiled by `npm run check`, never run. */
import { expectTypeOf } from "vitest";
import { isChannelError, MsgType, Router } from "../../src/index.ts";
import type { Channel, ChannelError, MsgEntry, RouterOptions, Store } from "../../src/index.ts";

const router = new Router();
declare const caught: unknown;
declare const entry: MsgEntry;

expectTypeOf(router.append("c", "alice", 1, 0, "text")).toEqualTypeOf<void>();
expectTypeOf(router.get("c")).toEqualTypeOf<Channel>();
expectTypeOf(entry.payload).toEqualTypeOf<Uint8Array>();
router.appendWithType("c", "alice", 1, 0, undefined, MsgType.End);

if (isChannelError(caught)) expectTypeOf(caught).toExtend<ChannelError>();
if (isChannelError(caught, "channel_full")) {
  expectTypeOf(caught.code).toEqualTypeOf<"channel_full">();
}

// @ts-expect-error a code that does not exist
isChannelError(caught, "channel_fulll");
// @ts-expect-error an option that does not exist
export const options: RouterOptions = { maxEntries: 1 };
// @ts-expect-error a store is more than nothing
export const store: Store = {};
// @ts-expect-error what was read cannot be changed
entry.position = 1;
