import { useState } from "preact/hooks";
import { isChannelError, type ProcessHandle } from "../../client/index.ts";
import { Dialog } from "./dialog.tsx";

export interface CancelDialogProps {
  readonly handle: ProcessHandle;
  readonly onClose: () => void;
}

export function CancelDialog({ handle, onClose }: CancelDialogProps) {
  const [isUnderWay, setUnderWay] = useState(false);
  const [failure, setFailure] = useState("");
  const cancel = async (): Promise<void> => {
    setUnderWay(true);
    try {
      await handle.cancel();
      onClose();
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailure(error.message);
      setUnderWay(false);
    }
  };
  return (
    <Dialog title="Cancel this job?" onClose={onClose}>
      <p>Whoever runs it is asked to stop. What it has written stays.</p>
      {failure !== "" && (
        <p class="notice notice-bad" role="alert">
          {failure}
        </p>
      )}
      <div class="dialog-buttons">
        <button class="button" type="button" onClick={onClose}>
          Keep it running
        </button>
        <button
          class="button button-danger"
          type="button"
          disabled={isUnderWay}
          onClick={() => void cancel()}
        >
          Cancel job
        </button>
      </div>
    </Dialog>
  );
}
