import { useEffect, useState } from "preact/hooks";
import {
  isChannelError,
  type ChannelError,
  type ChannelView,
  type Jobwire,
  type ProcessHandle,
  type ProcessView,
} from "../../client/index.ts";

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
    const { signal } = ending;
    setKnown({ kind: "loading" });
    follow(wire.process(processId), signal, setKnown).catch((error: unknown) => {
      if (signal.aborted) return;
      if (isChannelError(error, "process_not_found")) setKnown({ kind: "gone" });
      else if (isChannelError(error)) setKnown({ kind: "refused", error });
      else throw error;
    });
    return () => ending.abort();
  }, [wire, processId]);
  return known;
}

async function follow(
  handle: ProcessHandle,
  signal: AbortSignal,
  tell: (known: KnownProcess) => void,
): Promise<void> {
  const channels = await handle.channels();
  for await (const view of handle.watch({ signal }))
    tell({ kind: "known", handle, view, channels });
  if (!signal.aborted) tell({ kind: "gone" });
}
