import { useRef } from "preact/hooks";
import type { TextMatch } from "./find-text.ts";
import { GoToTime } from "./go-to-time.tsx";
import type { TextFeed } from "./text-feed.ts";

export interface TextToolbarProps {
  readonly feed: TextFeed;
  readonly wraps: boolean;
  readonly onWraps: (wraps: boolean) => void;
  readonly showsTimes: boolean;
  readonly onShowsTimes: (shows: boolean) => void;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly matches: readonly TextMatch[];
  readonly current: TextMatch | undefined;
  readonly onMatch: (match: TextMatch | undefined) => void;
  /** Number of the first line that is seen: what is looked for is looked for from there. */
  readonly firstSeen: number;
}

export function TextToolbar(props: TextToolbarProps) {
  const { feed, wraps, onWraps, showsTimes, onShowsTimes } = props;
  return (
    <div class="view-toolbar" role="toolbar" aria-label="Text">
      <button class="view-button" type="button" onClick={() => void feed.jumpTo(feed.first)}>
        Start
      </button>
      <button
        class="view-button"
        type="button"
        aria-pressed={feed.isFollowing}
        title="Stay at the end, with what comes"
        onClick={() => void feed.followEnd()}
      >
        Follow
      </button>
      <Switch isOn={wraps} onChange={onWraps} label="Wrap" />
      <Switch isOn={showsTimes} onChange={onShowsTimes} label="Times" />
      <GoToTime feed={feed} />
      <Find {...props} />
    </div>
  );
}

interface SwitchProps {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly label: string;
}

function Switch({ isOn, onChange, label }: SwitchProps) {
  return (
    <button class="view-button" type="button" aria-pressed={isOn} onClick={() => onChange(!isOn)}>
      {label}
    </button>
  );
}

function Find({ query, onQuery, matches, current, onMatch, firstSeen }: TextToolbarProps) {
  const input = useRef<HTMLInputElement>(null);
  const step = (by: 1 | -1): void => {
    if (matches.length === 0) return;
    const at = current === undefined ? -1 : matches.indexOf(current);
    const near = matches.findIndex(({ number }) => number >= firstSeen);
    const next = at >= 0 ? at + by : near >= 0 ? near : 0;
    onMatch(matches[(next + matches.length) % matches.length]);
  };
  const count =
    current === undefined ? matches.length : `${matches.indexOf(current) + 1} of ${matches.length}`;
  return (
    <div class="text-find" role="search">
      <input
        class="view-input"
        ref={input}
        type="search"
        placeholder="Find"
        aria-label="Find in the lines that are loaded"
        value={query}
        onInput={({ currentTarget }) => {
          onQuery(currentTarget.value);
          onMatch(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") onQuery("");
        }}
      />
      {query !== "" && (
        <>
          <span class="text-count" role="status">
            {matches.length === 0 ? "none" : count}
          </span>
          <button class="view-button" type="button" aria-label="Previous" onClick={() => step(-1)}>
            ↑
          </button>
          <button class="view-button" type="button" aria-label="Next" onClick={() => step(1)}>
            ↓
          </button>
        </>
      )}
    </div>
  );
}
