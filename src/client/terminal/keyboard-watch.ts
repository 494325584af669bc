import { isChannelError } from "../../core/errors.ts";
import { decodeKeyboard, keyboardEntryType } from "../../protocol/terminal-entries.ts";
import { readChannel } from "../channel-reader.ts";
import type { Jobwire } from "../jobwire.ts";

export interface KeyboardWatchOptions {
  readonly signal: AbortSignal;
  /** Whose input is taken from now on; null for everybody's. */
  readonly onHolder: (viewer: string | null) => void;
}

/** Follows who may type, where not everybody may. Who cannot read it may try. */
export async function watchKeyboard(
  wire: Jobwire,
  processId: string,
  { signal, onHolder }: KeyboardWatchOptions,
): Promise<void> {
  const options = { after: "start", signal, waitsForProcess: true };
  try {
    for await (const items of readChannel(wire, processId, "control", options)) {
      for (const item of items) {
        if (item.kind !== "entry" || item.entry.type !== keyboardEntryType) continue;
        const keyboard = decodeKeyboard(item.entry.payload);
        if (keyboard !== undefined) onHolder(keyboard.viewer);
      }
    }
  } catch (error) {
    if (!signal.aborted && !isChannelError(error)) throw error;
  }
}
