import { useEffect, useRef, useState } from "preact/hooks";
import { isChannelError, type ProcessHandle } from "../../client/index.ts";
import { formatBytes } from "../app/format.ts";
import { saveAs } from "../views/save-as.ts";
import { collectChannel } from "./collect-channel.ts";

export interface SaveButtonProps {
  readonly handle: ProcessHandle;
  readonly channel: string;
}

/** Saves the bytes of a channel, as far as it has come, as a file. */
export function SaveButton({ handle, channel }: SaveButtonProps) {
  const [bytes, setBytes] = useState<number>();
  const [hasFailed, setFailed] = useState(false);
  const saving = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => saving.current?.abort(), []);
  const save = async (): Promise<void> => {
    const controller = new AbortController();
    saving.current = controller;
    setBytes(0);
    setFailed(false);
    try {
      const blob = await collectChannel(handle.channel(channel), {
        signal: controller.signal,
        onBytes: setBytes,
      });
      if (!controller.signal.aborted) saveAs(blob, `${handle.id}.${channel}`);
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailed(true);
    } finally {
      setBytes(undefined);
    }
  };
  if (bytes !== undefined)
    return (
      <button class="view-button" type="button" onClick={() => saving.current?.abort()}>
        Stop saving, {formatBytes(bytes)}
      </button>
    );
  return (
    <button
      class="view-button"
      type="button"
      title={`Save the bytes of ${channel}`}
      onClick={() => void save()}
    >
      {hasFailed ? "Could not save" : "Save"}
    </button>
  );
}
