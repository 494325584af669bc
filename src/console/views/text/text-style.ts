/** One of the 256 colours of a terminal, or a true colour as `#rrggbb`. */
export type TextColor = number | string;

/** How a piece of text looks. Equal styles are the same object only by chance. */
export interface TextStyle {
  readonly foreground?: TextColor;
  readonly background?: TextColor;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strike?: true;
  readonly inverse?: true;
  /** Address of a link, http or https. */
  readonly link?: string;
  /** What nothing has said yet since the text began that is known of: it is as it was before. */
  readonly unknown?: readonly Attribute[];
}

/** What a sequence may say of text, and what the next one takes back. */
type Attribute = Flag | "foreground" | "background";

export const plainStyle: TextStyle = {};

const attributes: readonly Attribute[] = [
  ...(["foreground", "background", "bold", "dim", "italic"] as const),
  ...(["underline", "strike", "inverse"] as const),
];

/** Of text that follows something which has not been read: it looks plain until that is. */
export const unknownStyle: TextStyle = { unknown: attributes };

/** Nothing of it is to be seen. */
export function looksPlain(style: TextStyle): boolean {
  if (style === plainStyle || style === unknownStyle) return true;
  return Object.keys(style).every((key) => key === "unknown");
}

/** As it looks behind text that ends in another style. */
export function continueStyle(style: TextStyle, before: TextStyle): TextStyle {
  const { unknown, ...known } = style;
  if (unknown === undefined || before === unknownStyle) return style;
  const taken = unknown.filter((name) => before[name] !== undefined);
  const left = unknown.filter((name) => before.unknown?.includes(name) === true);
  const continued = {
    ...Object.fromEntries(taken.map((name) => [name, before[name]])),
    ...known,
    ...(left.length === 0 ? {} : { unknown: left }),
  };
  return Object.keys(continued).length === 0 ? plainStyle : continued;
}

type Flag = "bold" | "dim" | "italic" | "underline" | "strike" | "inverse";

const flagsOn: Readonly<Record<number, Flag>> = {
  ...{ 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" },
  21: "underline",
};
const flagsOff: Readonly<Record<number, readonly Flag[]>> = {
  ...{ 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] },
};

/** The style after `ESC [ <parameters> m`. What it does not know changes nothing. */
export function applySgr(style: TextStyle, parameters: string): TextStyle {
  const { unknown, ...known } = style;
  if (unknown === undefined) return applyKnown(known, parameters);
  const marked = { ...known, ...Object.fromEntries(unknown.map((name) => [name, notSaid])) };
  const changed: Record<string, unknown> = { ...applyKnown(marked, parameters) };
  const left = unknown.filter((name) => changed[name] === notSaid);
  const said = without(changed, left);
  if (left.length > 0) said.unknown = left.length === unknown.length ? unknown : left;
  return Object.keys(said).length === 0 ? plainStyle : said;
}

/** In the place of a value that no sequence sets. */
const notSaid = -1;

function applyKnown(style: TextStyle, parameters: string): TextStyle {
  let changed: Record<string, unknown> = { ...style };
  const codes = parameters.split(";");
  for (let i = 0; i < codes.length; i++) {
    const [head = "", ...rest] = (codes[i] ?? "").split(":");
    const code = head === "" ? 0 : Number(head);
    const on = flagsOn[code];
    if (code === 0) changed = style.link === undefined ? {} : { link: style.link };
    // `4:0` takes the underline away; the other forms of it are shown as a plain one.
    else if (code === 4 && rest[0] === "0") changed = without(changed, ["underline"]);
    else if (on !== undefined) changed[on] = true;
    else if (code in flagsOff) changed = without(changed, flagsOff[code] ?? []);
    else if (code === 38 || code === 48) {
      const { color, used } = rest.length > 0 ? colorOf(rest) : colorOf(codes.slice(i + 1));
      if (color !== undefined) changed[code === 38 ? "foreground" : "background"] = color;
      if (rest.length === 0) i += used;
    } else setColor(changed, code);
  }
  return Object.keys(changed).length === 0 ? plainStyle : changed;
}

function without(style: TextStyle, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(style).filter(([name]) => !names.includes(name)));
}

function setColor(style: Record<string, unknown>, code: number): void {
  if (code >= 30 && code <= 37) style.foreground = code - 30;
  else if (code >= 90 && code <= 97) style.foreground = code - 82;
  else if (code === 39) delete style.foreground;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code >= 100 && code <= 107) style.background = code - 92;
  else if (code === 49) delete style.background;
}

/** `5;n`, `2;r;g;b`, or with colons `2::r:g:b`. */
function colorOf(parts: readonly string[]): { color?: TextColor; used: number } {
  const isByte = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 255;
  if (parts[0] === "5") {
    const index = Number(parts[1] ?? Number.NaN);
    return isByte(index) ? { color: index, used: 2 } : { used: 2 };
  }
  if (parts[0] !== "2") return { used: 1 };
  const channels = (parts[1] === "" ? parts.slice(2, 5) : parts.slice(1, 4)).map(Number);
  if (channels.length < 3 || !channels.every(isByte)) return { used: 4 };
  const hex = channels.map((value) => value.toString(16).padStart(2, "0")).join("");
  return { color: `#${hex}`, used: 4 };
}

/** The style after `ESC ] 8 ; <parameters> ; <address>`: other addresses than of the web are none. */
export function applyLink(style: TextStyle, body: string): TextStyle {
  const address = body.slice(body.indexOf(";") + 1);
  const { link: _, ...others } = style;
  const link = webAddress(address);
  if (link !== undefined) return { ...others, link };
  return Object.keys(others).length === 0 ? plainStyle : others;
}

/** Only http and https, as a browser understands them. */
export function webAddress(text: string): string | undefined {
  if (text.length > 4096 || !/^https?:\/\//i.test(text)) return undefined;
  try {
    const { protocol, href } = new URL(text);
    return protocol === "http:" || protocol === "https:" ? href : undefined;
  } catch {
    return undefined;
  }
}

export function isSameStyle(a: TextStyle, b: TextStyle): boolean {
  if (a === b) return true;
  const keys = Object.keys(a) as (keyof TextStyle)[];
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) =>
    key === "unknown" ? String(a.unknown) === String(b.unknown) : a[key] === b[key],
  );
}
