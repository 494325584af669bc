import { matchesMax } from "./text-finder.ts";
import type { Find } from "./use-find.ts";

interface FindBarProps {
  readonly find: Find;
  /** All of the channel is there. */
  readonly isWhole: boolean;
}

/** Finds a text in the lines that are there, and in those that are not when somebody goes on. */
export function FindBar({ find, isWhole }: FindBarProps) {
  const { query, search } = find;
  return (
    <div class="text-find" role="search">
      <input
        class="view-input"
        type="search"
        placeholder="Find"
        aria-label="Find in the channel"
        value={query}
        onInput={({ currentTarget }) => find.look(currentTarget.value)}
        onKeyDown={({ key, shiftKey }) => {
          if (key === "Enter") find.step(shiftKey ? "above" : "below");
          if (key !== "Escape") return;
          if (search === undefined) find.look("");
          else find.cancel();
        }}
      />
      {query !== "" &&
        (search === undefined ? <Found find={find} isWhole={isWhole} /> : <Search find={find} />)}
    </div>
  );
}

function Found({ find, isWhole }: FindBarProps) {
  return (
    <>
      <span
        class="text-count"
        role="status"
        title={isWhole ? undefined : "In the lines that are loaded"}
      >
        {textOf(find, isWhole)}
      </span>
      <button
        class="view-button"
        type="button"
        aria-label="Previous"
        onClick={() => find.step("above")}
      >
        ↑
      </button>
      <button
        class="view-button"
        type="button"
        aria-label="Next"
        onClick={() => find.step("below")}
      >
        ↓
      </button>
    </>
  );
}

function Search({ find: { search, cancel } }: { readonly find: Find }) {
  if (search === undefined) return null;
  const percent = Math.floor(search.part * 100);
  return (
    <>
      <progress
        class="text-search"
        aria-label={`Searching ${search.way}`}
        max={100}
        value={percent}
      />
      <span class="text-count">
        {search.way === "above" ? "↑" : "↓"} {percent} %
      </span>
      <button class="view-button" type="button" onClick={cancel}>
        Stop
      </button>
    </>
  );
}

function textOf({ matches, current, missed }: Find, isWhole: boolean): string {
  if (missed !== undefined) return `none ${missed}`;
  if (matches.length === 0) return isWhole ? "none" : "none here";
  const count = `${matches.length.toLocaleString("en")}${matches.length < matchesMax ? "" : "+"}`;
  if (current === undefined) return count;
  return `${(matches.indexOf(current) + 1).toLocaleString("en")} of ${count}`;
}
