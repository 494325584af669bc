import { memo } from "preact/compat";
import { formatTime } from "../time-text.ts";
import { paletteColor } from "./palette.ts";
import type { TextMatch } from "./text-finder.ts";
import type { TextLine } from "./text-line.ts";
import { looksPlain, plainStyle, type TextColor, type TextStyle } from "./text-style.ts";

export interface TextRowProps {
  readonly line: TextLine;
  readonly number: number;
  readonly matches: readonly TextMatch[];
  /** The one of them that somebody is at. */
  readonly current: TextMatch | undefined;
  readonly showsTime: boolean;
}

/** One line. Everything in it is text of somebody else: it goes into text nodes and nowhere else. */
export const TextRow = memo(function TextRow(props: TextRowProps) {
  const { line, number, matches, current, showsTime } = props;
  const kind = line.notice === undefined ? "" : ` text-row-${line.notice}`;
  return (
    <div class={`text-row${kind}`} data-number={number}>
      {showsTime && <time class="text-time">{formatTime(line.time)}</time>}
      <span class="text-content">
        {cutAtMatches(line, matches, current).map(({ text, style, mark }, index) => (
          <Piece key={index} text={text} style={style} mark={mark} />
        ))}
        {line.isCut && <span class="text-cut" title="The line goes on" />}
      </span>
    </div>
  );
}, isSameRow);

function isSameRow(a: TextRowProps, b: TextRowProps): boolean {
  const isSameLine =
    a.line === b.line || (a.line.text === b.line.text && a.line.runs === b.line.runs);
  const areNone = a.matches.length === 0 && b.matches.length === 0;
  if (!isSameLine || a.number !== b.number || a.line.isCut !== b.line.isCut) return false;
  if (a.showsTime !== b.showsTime) return false;
  return areNone || (a.matches === b.matches && a.current === b.current);
}

interface MarkedPiece {
  readonly text: string;
  readonly style: TextStyle;
  readonly mark: "none" | "match" | "current";
}

function cutAtMatches(
  { text, runs }: TextLine,
  matches: readonly TextMatch[],
  current: TextMatch | undefined,
): MarkedPiece[] {
  const pieces: MarkedPiece[] = [];
  let begin = 0;
  for (const run of runs ?? [{ text, style: plainStyle }]) {
    const end = begin + run.text.length;
    let at = begin;
    for (const match of matches) {
      const from = Math.max(match.from, at);
      const to = Math.min(match.to, end);
      if (from >= to) continue;
      if (from > at)
        pieces.push({
          text: run.text.slice(at - begin, from - begin),
          style: run.style,
          mark: "none",
        });
      const mark = match === current ? "current" : "match";
      pieces.push({ text: run.text.slice(from - begin, to - begin), style: run.style, mark });
      at = to;
    }
    if (at < end) pieces.push({ text: run.text.slice(at - begin), style: run.style, mark: "none" });
    begin = end;
  }
  return pieces;
}

function Piece({ text, style, mark }: MarkedPiece) {
  const look = lookOf(style);
  const marked = mark === "none" ? text : <mark class={`text-${mark}`}>{text}</mark>;
  if (style.link !== undefined)
    return (
      <a href={style.link} target="_blank" rel="noopener noreferrer" {...look}>
        {marked}
      </a>
    );
  if (looksPlain(style)) return <>{marked}</>;
  return <span {...look}>{marked}</span>;
}

function lookOf(style: TextStyle): { class?: string; style?: Record<string, string> } {
  const flags = (["bold", "dim", "italic", "underline", "strike"] as const)
    .filter((flag) => style[flag] === true)
    .map((flag) => `text-${flag}`);
  const { foreground, background } = style;
  const isInverse = style.inverse === true;
  const color = isInverse ? (background ?? "var(--ground)") : foreground;
  const ground = isInverse ? (foreground ?? "var(--text)") : background;
  return {
    ...(flags.length === 0 ? {} : { class: flags.join(" ") }),
    style: {
      ...(color === undefined ? {} : { color: colorText(color) }),
      ...(ground === undefined
        ? {}
        : { backgroundColor: ground === 0 ? "var(--raised)" : colorText(ground) }),
    },
  };
}

function colorText(color: TextColor): string {
  return typeof color === "string" ? color : paletteColor(color);
}
