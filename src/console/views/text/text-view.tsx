import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { DrawPace } from "../draw-pace.ts";
import type { ViewProps } from "../view-props.ts";
import { layOutUnwrapped, layOutWrapped } from "./line-layout.ts";
import { LineRows } from "./line-rows.ts";
import { ScrollPlace } from "./scroll-place.ts";
import { TextFeed } from "./text-feed.ts";
import { matchesBetween, type TextMatch } from "./text-finder.ts";
import { TextRow } from "./text-row.tsx";
import type { TextWindow } from "./text-window.ts";
import { TextToolbar } from "./text-toolbar.tsx";
import { useCells } from "./use-cells.ts";
import { useFind } from "./use-find.ts";
import "./text.css";

/** Rows that are drawn above and below those that are seen; fewer at the end, where all are new at each drawing. */
const marginRows = 40;
const followingMarginRows = 16;
/** With so few lines above what is seen, older ones are loaded. */
const linesBeforeStart = 300;

/** What a program writes, as lines: with its colours, from anywhere in the channel, and with what comes. */
export function TextView({ process, channel, onState }: ViewProps) {
  const feed = useMemo(() => new TextFeed(process, channel), [process, channel]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const pace = new DrawPace(() => {
      onState(feed.state);
      redraw(undefined);
    });
    feed.onChange = () => pace.request();
    void feed.followEnd();
    return () => {
      pace.cancel();
      feed.close();
    };
  }, [feed]);
  return <TextPane feed={feed} channel={channel} redraw={() => redraw(undefined)} />;
}

interface TextPaneProps {
  readonly feed: TextFeed;
  readonly channel: string;
  readonly redraw: () => void;
}

function TextPane({ feed, channel, redraw }: TextPaneProps) {
  const [wraps, setWraps] = useState(true);
  const [showsTimes, setShowsTimes] = useState(false);
  const scroll = useRef<HTMLDivElement>(null);
  const place = useMemo(() => new ScrollPlace(feed), [feed]);
  const cells = useCells(scroll, showsTimes);
  const lineRows = useMemo(() => new LineRows(cells.columns), [cells.columns]);
  const { window } = feed;
  const layout = wraps ? layOutWrapped(window, lineRows) : layOutUnwrapped(window);
  const find = useFind(feed, place, redraw);

  useLayoutEffect(() => {
    if (scroll.current !== null) place.settle(scroll.current, layout, cells.rowHeight);
    if (wraps && correctRows(scroll.current, feed, lineRows, cells.rowHeight)) redraw();
  });
  useEffect(() => {
    if (place.firstIndex < linesBeforeStart && !feed.isFollowing) void feed.loadOlder();
    feed.show({ end: place.endIndex });
  });

  return (
    <div class="text">
      <TextToolbar
        feed={feed}
        wraps={wraps}
        onWraps={setWraps}
        showsTimes={showsTimes}
        onShowsTimes={setShowsTimes}
        find={find}
      />
      <div class="text-body">
        <div
          class={`text-scroll${wraps ? " text-wraps" : ""}`}
          ref={scroll}
          role="log"
          aria-live="off"
          aria-label={`Text of ${channel}`}
          tabIndex={0}
          onScroll={({ currentTarget }) => {
            if (place.scrolled(currentTarget, layout, cells.rowHeight)) redraw();
          }}
        >
          {feed.isEmpty && <p class="text-empty">Nothing was written yet.</p>}
          <div style={{ height: `${layout.rows * cells.rowHeight}px` }}>
            <Lines
              window={window}
              drawn={place.drawn(layout, feed.isFollowing ? followingMarginRows : marginRows)}
              rowHeight={cells.rowHeight}
              width={wraps ? `${cells.width}px` : "max-content"}
              matches={find.matches}
              current={find.current}
              showsTimes={showsTimes}
            />
          </div>
        </div>
        {!feed.isWhole && (
          <PlaceSlider feed={feed} first={feed.first} last={feed.last} place={place.position} />
        )}
      </div>
    </div>
  );
}

interface LinesProps {
  readonly window: TextWindow;
  /** Those to draw, and the row at which they begin. */
  readonly drawn: { readonly from: number; readonly to: number; readonly top: number };
  readonly rowHeight: number;
  readonly width: string;
  readonly matches: readonly TextMatch[];
  readonly current: TextMatch | undefined;
  readonly showsTimes: boolean;
}

function Lines({ window, drawn, rowHeight, width, matches, current, showsTimes }: LinesProps) {
  const { from, to, top } = drawn;
  const first = window.firstNumber + from;
  const byLine = groupByLine(matchesBetween(matches, first, first + to - from));
  return (
    <div class="text-lines" style={{ transform: `translateY(${top * rowHeight}px)`, width }}>
      {window.slice(from, to).map((line, index) => (
        <TextRow
          key={first + index}
          line={line}
          number={first + index}
          matches={byLine.get(first + index) ?? noMatches}
          current={current}
          showsTime={showsTimes}
        />
      ))}
    </div>
  );
}

const noMatches: readonly TextMatch[] = [];

function groupByLine(matches: readonly TextMatch[]): Map<number, TextMatch[]> {
  const byLine = new Map<number, TextMatch[]>();
  for (const match of matches) {
    const others = byLine.get(match.number);
    if (others === undefined) byLine.set(match.number, [match]);
    else others.push(match);
  }
  return byLine;
}

/** The page has the last word about how many rows a line takes. True where something was different. */
function correctRows(
  scroll: HTMLElement | null,
  { window }: TextFeed,
  lineRows: LineRows,
  rowHeight: number,
): boolean {
  let isCorrected = false;
  for (const row of scroll?.querySelectorAll<HTMLElement>(".text-row") ?? []) {
    const line = window.line(Number(row.dataset.number) - window.firstNumber);
    if (line === undefined) continue;
    if (lineRows.correct(line, Math.round(row.offsetHeight / rowHeight))) isCorrected = true;
  }
  return isCorrected;
}

interface PlaceSliderProps {
  readonly feed: TextFeed;
  readonly first: number;
  readonly last: number;
  /** Position of what is seen. */
  readonly place: number;
}

/** Where in the whole channel the lines are that are seen. */
function PlaceSlider({ feed, first, last, place }: PlaceSliderProps) {
  const [chosen, setChosen] = useState<number>();
  return (
    <input
      class="text-place"
      type="range"
      aria-label="Place in the channel"
      min={first}
      max={last}
      value={chosen ?? place}
      onInput={({ currentTarget }) => setChosen(Number(currentTarget.value))}
      onChange={({ currentTarget }) => {
        setChosen(undefined);
        const position = Number(currentTarget.value);
        if (position >= last) void feed.followEnd();
        else void feed.jumpTo(position);
      }}
    />
  );
}
