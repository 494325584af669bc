/** How a value is written: as text in flags and variables, as JSON in the file. */
export interface ValueForm<Value> {
  /** Completes "expected …". */
  readonly expected: string;
  /** Undefined for what is not of this form. */
  readonly parse: (text: string) => Value | undefined;
  readonly decode: (json: unknown) => Value | undefined;
}

export const textForm: ValueForm<string> = ofText("text", (text) => text !== "");

export const urlForm = ofText(
  "a URL that begins with http:// or https://",
  (text) => URL.canParse(text) && /^https?:/i.test(text),
);

/** Text that a check accepts. */
export function ofText(expected: string, isValid: (text: string) => boolean): ValueForm<string> {
  return choose(expected, (text) => (isValid(text) ? text : undefined));
}

export function choiceForm<Choice extends string>(choices: readonly Choice[]): ValueForm<Choice> {
  return choose(`one of ${choices.join(", ")}`, (text) => choices.find((one) => one === text));
}

function choose<Value extends string>(
  expected: string,
  parse: (text: string) => Value | undefined,
): ValueForm<Value> {
  return {
    expected,
    parse,
    decode: (json) => (typeof json === "string" ? parse(json) : undefined),
  };
}

const switches: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

export const switchForm: ValueForm<boolean> = {
  expected: "true or false",
  parse: (text) => switches.get(text),
  decode: (json) => (typeof json === "boolean" ? json : undefined),
};

export function wholeNumberForm(min: number, max: number): ValueForm<number> {
  const check = (value: number): number | undefined =>
    Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse: (text) => (/^\d{1,16}$/.test(text) ? check(Number(text)) : undefined),
    decode: (json) => (typeof json === "number" ? check(json) : undefined),
  };
}

/** With a point for what is less than one. */
export function numberForm(min: number, max: number): ValueForm<number> {
  const check = (value: number): number | undefined =>
    value >= min && value <= max ? value : undefined;
  return {
    expected: `a number from ${min} to ${max}`,
    parse: (text) => (/^\d{1,16}(\.\d{1,16})?$/.test(text) ? check(Number(text)) : undefined),
    decode: (json) => (typeof json === "number" ? check(json) : undefined),
  };
}

/** Separated by commas in text, an array in JSON. */
export function listForm<Value>(item: ValueForm<Value>): ValueForm<readonly Value[]> {
  return {
    expected: `a list, each ${item.expected}`,
    parse: (text) => allOf(text.split(",").map((part) => item.parse(part.trim()))),
    decode: (json) => (Array.isArray(json) ? allOf(json.map(item.decode)) : undefined),
  };
}

function allOf<Value>(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  return values.every((value) => value !== undefined) ? values : undefined;
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90s`, `30m`, `24h`, `7d`, in milliseconds. */
export function durationForm(msMin: number, msMax = Infinity): ValueForm<number> {
  const parse = (text: string): number | undefined => {
    const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    const ms = Number(amount) * (unitMs[unit] ?? Number.NaN);
    return ms >= msMin && ms <= msMax ? ms : undefined;
  };
  return {
    expected: [
      "a time such as 90s, 30m, 24h or 7d",
      ...(msMin === 0 ? [] : [`at least ${msMin / 1000}s`]),
      ...(msMax === Infinity ? [] : [`at most ${Math.floor(msMax / 86_400_000)}d`]),
    ].join(", "),
    parse,
    decode: (json) => (typeof json === "string" ? parse(json) : undefined),
  };
}
