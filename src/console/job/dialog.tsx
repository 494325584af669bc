import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** In front of the page, with the keyboard inside, until it is closed. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return (
    <dialog
      class="dialog"
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={onClose}
      onClick={({ target }) => {
        // The ground behind it is the dialog itself; what is in it is something else.
        if (target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** The buttons of one that only shows something. */
export function CloseButton({ onClose }: Pick<DialogProps, "onClose">) {
  return (
    <div class="dialog-buttons">
      <button class="button" type="button" onClick={onClose}>
        Close
      </button>
    </div>
  );
}
