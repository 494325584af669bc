import { useState } from "preact/hooks";
import type { TextFeed } from "./text-feed.ts";

/** Leads to what was written at a time. */
export function GoToTime({ feed }: { readonly feed: TextFeed }) {
  const [isOpen, setOpen] = useState(false);
  const [value, setValue] = useState("");
  const go = (event: Event): void => {
    event.preventDefault();
    const timeMs = new Date(value).getTime();
    if (Number.isFinite(timeMs)) void feed.jumpToTime(timeMs);
  };
  return (
    <>
      <button
        class="view-button"
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        Go to …
      </button>
      {isOpen && (
        <form class="text-go" onSubmit={go}>
          <input
            class="view-input text-go-time"
            type="datetime-local"
            step={1}
            required
            aria-label="Time to go to"
            value={value}
            onInput={({ currentTarget }) => setValue(currentTarget.value)}
          />
          <button class="view-button" type="submit">
            Go
          </button>
        </form>
      )}
    </>
  );
}
