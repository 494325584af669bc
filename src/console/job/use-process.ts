import { useEffect, useState } from "preact/hooks";
import {
  isChannelError,
  type ChannelError,
  type ChannelView,
  type Jobwire,
  type ProcessHandle,
  type ProcessView,
} from "../../client/index.ts";
import { BackOff, delay } from "../../client/back-off.ts";
import { clientSystem } from "../../client/system.ts";
import { leaveShared } from "../app/session.ts";
import { isLackOfAuthority } from "./outcome-text.ts";

export type KnownProcess =
  | { readonly kind: "loading" }
  | {
      readonly kind: "known";
      readonly handle: ProcessHandle;
      readonly view: ProcessView;
      /** Those that may be read, as they were when the page began. */
      readonly channels: readonly ChannelView[];
    }
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly error: ChannelError };

/** The process now, and each time that it changes. */
export function useProcess(wire: Jobwire, processId: string): KnownProcess {
  const [known, setKnown] = useState<KnownProcess>({ kind: "loading" });
  useEffect(() => {
    const ending = new AbortController();
    setKnown({ kind: "loading" });
    void keepFollowing(wire.process(processId), ending.signal, setKnown);
    return () => ending.abort();
  }, [wire, processId]);
  return known;
}

/** Until the signal is aborted, or whoever looks may not. */
async function keepFollowing(
  handle: ProcessHandle,
  signal: AbortSignal,
  tell: (known: KnownProcess) => void,
): Promise<void> {
  const backOff = new BackOff(clientSystem);
  while (!signal.aborted) {
    try {
      await follow(handle, signal, (known) => {
        backOff.reset();
        tell(known);
      });
      if (!signal.aborted) tell({ kind: "gone" });
    } catch (error) {
      if (signal.aborted) return;
      if (!isChannelError(error)) throw error;
      if (isLackOfAuthority(error.code)) leaveShared();
      const isGone = error.code === "process_not_found";
      tell(isGone ? { kind: "gone" } : { kind: "refused", error });
      if (isLackOfAuthority(error.code)) return;
    }
    // Of a job that is not there nobody tells: it is asked for again, ever more rarely, as `run` brings back one
    // that a server has forgotten. The loop sees when nobody looks any more.
    await delay(clientSystem, backOff.nextDelayMs(), signal).catch(() => undefined);
  }
}

async function follow(
  handle: ProcessHandle,
  signal: AbortSignal,
  tell: (known: KnownProcess) => void,
): Promise<void> {
  const channels = await handle.channels();
  for await (const view of handle.watch({ signal }))
    tell({ kind: "known", handle, view, channels });
}
