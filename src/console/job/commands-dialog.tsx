import { useRef } from "preact/hooks";
import { orderChannels } from "./channel-order.ts";
import { CopyButton } from "./copy-button.tsx";
import { CloseButton, Dialog } from "./dialog.tsx";

export interface CommandsDialogProps {
  readonly processId: string;
  readonly names: readonly string[];
  readonly channel: string | undefined;
  readonly onClose: () => void;
}

/** What does in a terminal what this page does here. */
export function CommandsDialog({ processId, names, channel, onClose }: CommandsDialogProps) {
  const followed = channel ?? orderChannels(names)[0];
  return (
    <Dialog title="In a terminal" onClose={onClose}>
      <Command label="See all of it, type into it, leave" text={`jobwire attach ${processId}`} />
      {followed !== undefined && (
        <Command label={`Follow ${followed}`} text={`jobwire tail ${processId} ${followed}`} />
      )}
      <Command label="Ask it to stop" text={`jobwire cancel ${processId}`} />
      <CloseButton onClose={onClose} />
    </Dialog>
  );
}

export function Command({ label, text }: { readonly label: string; readonly text: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <label class="command">
      <span class="quiet">{label}</span>
      <span class="command-line">
        <input
          class="input mono"
          ref={input}
          readOnly
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <CopyButton text={text} label={`Copy ${text}`} onRefused={() => input.current?.select()} />
      </span>
    </label>
  );
}
