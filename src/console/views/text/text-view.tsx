import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../view-props.ts";
import { findText, type TextMatch } from "./find-text.ts";
import { layOutUnwrapped, layOutWrapped } from "./line-layout.ts";
import { LineRows } from "./line-rows.ts";
import { ScrollPlace } from "./scroll-place.ts";
import { TextFeed } from "./text-feed.ts";
import { TextRow } from "./text-row.tsx";
import type { TextWindow } from "./text-window.ts";
import { TextToolbar } from "./text-toolbar.tsx";
import { useCells } from "./use-cells.ts";
import "./text.css";

/** Rows that are drawn above and below those that are seen. */
const marginRows = 40;
/** With so few lines above what is seen, older ones are loaded. */
const linesBeforeStart = 300;

/** What a program writes, as lines: with its colours, from anywhere in the channel, and with what comes. */
export function TextView({ process, channel, onState }: ViewProps) {
  const feed = useMemo(() => new TextFeed(process, channel), [process, channel]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let frame = 0;
    feed.onChange = () => {
      onState(feed.state);
      if (frame === 0)
        frame = requestAnimationFrame(() => {
          frame = 0;
          redraw(undefined);
        });
    };
    void feed.followEnd();
    return () => {
      cancelAnimationFrame(frame);
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
  const { query, setQuery, matches, currentMatch, setCurrent } = useFind(window);

  useLayoutEffect(() => {
    if (scroll.current !== null) place.settle(scroll.current, layout, cells.rowHeight);
    if (wraps && correctRows(scroll.current, feed, lineRows, cells.rowHeight)) redraw();
  });
  useEffect(() => {
    if (place.firstIndex < linesBeforeStart && !feed.isFollowing) void feed.loadOlder();
    feed.show({ end: place.endIndex });
  });

  const goTo = (match: TextMatch | undefined): void => {
    setCurrent(match);
    if (match !== undefined) place.goTo(match.number);
    redraw();
  };
  return (
    <div class="text">
      <TextToolbar
        feed={feed}
        wraps={wraps}
        onWraps={setWraps}
        showsTimes={showsTimes}
        onShowsTimes={setShowsTimes}
        query={query}
        onQuery={setQuery}
        matches={matches}
        current={currentMatch}
        onMatch={goTo}
        firstSeen={place.firstNumber}
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
              drawn={place.drawn(layout, marginRows)}
              rowHeight={cells.rowHeight}
              width={wraps ? `${cells.width}px` : "max-content"}
              matches={matches}
              current={currentMatch}
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

function useFind(window: TextWindow) {
  const [query, setQuery] = useState("");
  const [current, setCurrent] = useState<TextMatch>();
  const matches = findText(window, query);
  const currentMatch = matches.find((match) => isSameMatch(match, current));
  return { query, setQuery, matches, currentMatch, setCurrent };
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
  const byLine = groupByLine(matches);
  const first = window.firstNumber + from;
  return (
    <div class="text-lines" style={{ transform: `translateY(${top * rowHeight}px)` }}>
      {window.slice(from, to).map((line, index) => (
        <TextRow
          key={first + index}
          line={line}
          number={first + index}
          matches={byLine.get(first + index) ?? noMatches}
          current={current}
          showsTime={showsTimes}
          width={width}
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

function isSameMatch(a: TextMatch, b: TextMatch | undefined): boolean {
  return a.number === b?.number && a.from === b.from;
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
