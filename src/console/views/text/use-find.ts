import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ScrollPlace } from "./scroll-place.ts";
import type { TextFeed } from "./text-feed.ts";
import { matchesBetween, TextFinder, type TextMatch } from "./text-finder.ts";
import { comparePlaces, type TextLine } from "./text-line.ts";

export type FindWay = "above" | "below";

/** What is looked for in a text, and where it was found. */
export interface Find {
  readonly query: string;
  /** In the lines that are there. */
  readonly matches: readonly TextMatch[];
  /** The one that somebody is at. */
  readonly current: TextMatch | undefined;
  /** Of what is not there: which way, and which part of that has been looked at. */
  readonly search: { readonly way: FindWay; readonly part: number } | undefined;
  /** There is none in that direction any more. */
  readonly missed: FindWay | undefined;
  readonly look: (query: string) => void;
  /** To the next one; what is not there yet is searched, and loaded where it was found. */
  readonly step: (way: FindWay) => void;
  readonly cancel: () => void;
}

/** Of the lines of one generation of the window: others have the same numbers. */
interface Current {
  readonly match: TextMatch;
  readonly generation: number;
}

interface FoundLine {
  readonly line: TextLine;
  readonly way: FindWay;
  isShown: boolean;
}

/** Of what is not there, and what of it was found, until it is there. */
interface Searching {
  readonly search: Find["search"];
  readonly missed: FindWay | undefined;
  readonly setMissed: (missed: FindWay | undefined) => void;
  readonly found: RefObject<FoundLine | null>;
  readonly searchOn: (way: FindWay) => Promise<void>;
  readonly cancel: () => void;
}

function useSearching(feed: TextFeed, query: string): Searching {
  const [search, setSearch] = useState<Find["search"]>();
  const [missed, setMissed] = useState<FindWay>();
  const running = useRef<AbortController | null>(null);
  const found: Searching["found"] = useRef(null);
  const cancel = (): void => {
    running.current?.abort();
    running.current = null;
    found.current = null;
    setSearch(undefined);
  };
  const searchOn = async (way: FindWay): Promise<void> => {
    const ending = new AbortController();
    const { signal } = ending;
    running.current = ending;
    setSearch({ way, part: 0 });
    const onProgress = (part: number): void => {
      if (!signal.aborted) setSearch({ way, part });
    };
    const line = await feed.find(way, { query, signal, onProgress });
    if (signal.aborted) return;
    cancel();
    if (line === undefined) return setMissed(way);
    found.current = { line, way, isShown: false };
    await feed.jumpToLine(line);
  };
  useEffect(() => () => running.current?.abort(), [feed]);
  return { search, missed, setMissed, found, searchOn, cancel };
}

export function useFind(feed: TextFeed, place: ScrollPlace, redraw: () => void): Find {
  const { window } = feed;
  const [query, setQuery] = useState("");
  const [current, setCurrent] = useState<Current>();
  const { search, missed, setMissed, found, searchOn, cancel } = useSearching(feed, query);
  const finder = useMemo(() => new TextFinder(window, query), [window, query]);
  const matches = finder.update();
  const isHere = current?.generation === window.generation;
  const currentMatch = isHere
    ? matches.find((match) => isSameMatch(match, current.match))
    : undefined;

  const goTo = (match: TextMatch): void => {
    setMissed(undefined);
    setCurrent({ match, generation: window.generation });
    place.goTo(match.number);
    redraw();
  };
  const step = (way: FindWay): void => {
    if (query === "" || search !== undefined) return;
    const next = nextMatch(matches, currentMatch, way, place.firstNumber);
    if (next !== undefined) return goTo(next);
    const isMore = { above: feed.hasOlder, below: feed.hasNewer };
    const other = way === "above" ? "below" : "above";
    const around = feed.isWhole ? matches.at(way === "above" ? -1 : 0) : undefined;
    if (isMore[way]) void searchOn(way);
    // Nothing is there that one could be in front of or behind.
    else if (matches.length === 0 && isMore[other]) void searchOn(other);
    else if (around !== undefined) goTo(around);
    else setMissed(way);
  };
  useLayoutEffect(() => {
    if (found.current === null) return;
    const { line, way } = found.current;
    const index = window.indexOf(line);
    const loaded = window.line(index);
    if (loaded === undefined || comparePlaces(loaded, line) !== 0) return;
    const number = window.firstNumber + index;
    const match = matchesBetween(matches, number, number + 1).at(way === "above" ? -1 : 0);
    // Shown at once, and once more with the lines above it, which come later.
    const isLast = index > 0 || !feed.hasOlder;
    if (match === undefined || (found.current.isShown && !isLast)) return;
    found.current.isShown = true;
    if (isLast) found.current = null;
    goTo(match);
  });
  const look = (next: string): void => {
    cancel();
    setQuery(next);
    setCurrent(undefined);
    setMissed(undefined);
  };
  return { query, matches, current: currentMatch, search, missed, look, step, cancel };
}

function nextMatch(
  matches: readonly TextMatch[],
  current: TextMatch | undefined,
  way: FindWay,
  firstSeen: number,
): TextMatch | undefined {
  if (current !== undefined) return matches[matches.indexOf(current) + (way === "above" ? -1 : 1)];
  return matches.find(({ number }) => number >= firstSeen) ?? matches.at(-1);
}

function isSameMatch(a: TextMatch, b: TextMatch): boolean {
  return a.number === b.number && a.from === b.from;
}
