import { FindBar } from "./find-bar.tsx";
import { GoToTime } from "./go-to-time.tsx";
import type { TextFeed } from "./text-feed.ts";
import type { Find } from "./use-find.ts";

export interface TextToolbarProps {
  readonly feed: TextFeed;
  readonly wraps: boolean;
  readonly onWraps: (wraps: boolean) => void;
  readonly showsTimes: boolean;
  readonly onShowsTimes: (shows: boolean) => void;
  readonly find: Find;
}

export function TextToolbar({
  feed,
  wraps,
  onWraps,
  showsTimes,
  onShowsTimes,
  find,
}: TextToolbarProps) {
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
      <FindBar find={find} isWhole={feed.isWhole} />
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
