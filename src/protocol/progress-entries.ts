import { decodeJsonPayload, encodeJsonPayload, type JsonPayload } from "./json-payload.ts";

/** How far a piece of work is: a `Progress`. The newest of each label counts. */
export const progressEntryType = "jobwire.progress";

/** Numbers that change: a `Metric`. */
export const metricEntryType = "jobwire.metric";

/** Something that a job wants to know: a `Question`. The first `data` entry that answers it (`replyto`) is the answer. */
export const questionEntryType = "jobwire.question";

export const labelLengthMax = 200;
export const metricValuesMax = 64;
export const choicesMax = 20;

export interface Progress {
  /** What is done; another label is another piece of work. */
  readonly label: string;
  readonly done: number;
  /** Left out where nobody knows. */
  readonly total?: number;
  /** Of what both count, such as `files`. */
  readonly unit?: string;
}

export interface Metric {
  /** Where on the axis they stand; the time of the entry where it is left out. */
  readonly step?: number;
  /** By their names. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Question {
  readonly question: string;
  /** Answers to choose from; others are possible. */
  readonly choices?: readonly string[];
}

/** The payload of any of these entries. */
export function encodeProgressEntry(form: Progress | Metric | Question): Uint8Array {
  return encodeJsonPayload(form);
}

// Undefined for a payload of another form: whoever may append may have written it.

export function decodeProgress(payload: Uint8Array): Progress | undefined {
  const { label, done, total, unit } = decodeJsonPayload(payload);
  if (!isText(label) || !isNumber(done) || done < 0) return undefined;
  if (total !== undefined && !(isNumber(total) && total > 0)) return undefined;
  if (unit !== undefined && !isText(unit)) return undefined;
  return {
    ...{ label, done },
    ...(total === undefined ? {} : { total }),
    ...(unit === undefined ? {} : { unit }),
  };
}

export function decodeMetric(payload: Uint8Array): Metric | undefined {
  const { step, values } = decodeJsonPayload(payload);
  if (step !== undefined && !isNumber(step)) return undefined;
  if (typeof values !== "object" || values === null || Array.isArray(values)) return undefined;
  const entries = Object.entries(values as JsonPayload);
  const areNumbers = entries.every(([name, value]) => isText(name) && isNumber(value));
  if (!areNumbers || entries.length === 0 || entries.length > metricValuesMax) return undefined;
  const known = Object.fromEntries(entries) as Record<string, number>;
  return { ...(step === undefined ? {} : { step }), values: known };
}

export function decodeQuestion(payload: Uint8Array): Question | undefined {
  const { question, choices } = decodeJsonPayload(payload);
  if (typeof question !== "string" || question === "") return undefined;
  if (choices === undefined) return { question };
  if (!Array.isArray(choices) || choices.length > choicesMax || !choices.every(isText))
    return undefined;
  return { question, choices };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= labelLengthMax;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
