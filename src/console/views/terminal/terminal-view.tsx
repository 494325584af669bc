import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../view-props.ts";
import { TerminalSession } from "./terminal-session.ts";
import "./terminal.css";

/** A program's terminal, as it is now and on. Keys go into the program. */
export function TerminalView({ wire, process, channel, mayType, onState }: ViewProps) {
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const session = useRef<TerminalSession | undefined>(undefined);
  const [note, setNote] = useState("");
  const [isForReaders, setForReaders] = useState(false);
  useEffect(() => {
    if (place.current === null || frame.current === null) return;
    const element = place.current;
    const places = { element, frame: frame.current };
    const job = { wire, processId: process.id, channel };
    session.current = new TerminalSession({ ...job, ...places, mayType, onState, onNote: setNote });
    return () => session.current?.leave();
  }, [wire, process, channel, mayType]);
  useEffect(() => {
    if (session.current !== undefined) session.current.screen.isForScreenReaders = isForReaders;
  }, [isForReaders]);
  return (
    <div class="terminal">
      <div class="view-toolbar" role="toolbar" aria-label="Terminal">
        {mayType ? (
          <button class="view-button" type="button" onClick={() => session.current?.screen.focus()}>
            Type into it
          </button>
        ) : (
          <span class="terminal-hint">You look on.</span>
        )}
        <button
          class="view-button"
          type="button"
          aria-pressed={isForReaders}
          onClick={() => setForReaders(!isForReaders)}
        >
          Screen reader
        </button>
        <span class="terminal-note" role="status">
          {note}
        </span>
      </div>
      <div class="terminal-frame" ref={frame}>
        <div class="terminal-place" ref={place} />
      </div>
    </div>
  );
}
