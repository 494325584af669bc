import { useEffect, useState } from "preact/hooks";

const shownMs = 1_500;

export interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  /**
   * Where a page may not write to the clipboard, which it may only over https or on this machine. Unless given,
   * what stands before the button is selected.
   */
  readonly onRefused?: () => void;
}

export function CopyButton({ text, label, onRefused }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async (button: HTMLElement): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      if (onRefused === undefined) selectBefore(button);
      else onRefused();
    }
  };
  return (
    <button
      class="copy"
      type="button"
      aria-label={label}
      title={label}
      onClick={({ currentTarget }) => void copy(currentTarget)}
    >
      <span aria-live="polite">{isCopied ? "Copied" : "Copy"}</span>
    </button>
  );
}

function selectBefore({ previousSibling }: HTMLElement): void {
  if (previousSibling === null) return;
  const range = document.createRange();
  range.selectNode(previousSibling);
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}
