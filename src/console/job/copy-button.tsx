import { useEffect, useState } from "preact/hooks";

const shownMs = 1_500;

export interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  /** Where a page may not write to the clipboard, which it may only over https or on this machine. */
  readonly onRefused?: () => void;
}

export function CopyButton({ text, label, onRefused = () => undefined }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      onRefused();
    }
  };
  return (
    <button class="copy" type="button" aria-label={label} title={label} onClick={() => void copy()}>
      <span aria-live="polite">{isCopied ? "Copied" : "Copy"}</span>
    </button>
  );
}
