import { decodeKeyboard, keyboardEntryType } from "../../../client/entry-forms.ts";
import { isChannelError, type Channel } from "../../../client/index.ts";

export interface KeyboardWatchOptions {
  readonly signal: AbortSignal;
  /** Whose input is taken from now on; null for everybody's. */
  readonly onHolder: (viewer: string | null) => void;
}

/** Follows who may type, where not everybody may. Who cannot read it may try. */
export async function watchKeyboard(
  control: Channel,
  { signal, onHolder }: KeyboardWatchOptions,
): Promise<void> {
  try {
    for await (const { type, payload } of control.entries({ signal })) {
      const keyboard = type === keyboardEntryType ? decodeKeyboard(payload) : undefined;
      if (keyboard !== undefined) onHolder(keyboard.viewer);
    }
  } catch (error) {
    if (!signal.aborted && !isChannelError(error)) throw error;
  }
}
