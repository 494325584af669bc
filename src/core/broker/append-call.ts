import type { LogEntry } from "../channel-log.ts";
import { createDeferred } from "../deferred.ts";
import type { Deferred } from "../deferred.ts";
import type { MsgEntry } from "../entry.ts";
import { isChannelError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import { aboutOwnEntries } from "./fresh-looks.ts";

/** What became of one entry of a call. */
export interface EntryOutcome {
  /** The entry in the log, or undefined for a repeat that is too old to be found. */
  readonly entry: MsgEntry | undefined;
  readonly duplicate: boolean;
  readonly compared: boolean;
}

/**
 * One call of append: the unit of admission. Its new entries are committed in one batch or none, and it
 * settles alone. It holds its entries, not places in a log, because until they are handed over the log
 * may still change.
 */
export interface AppendCall {
  readonly caller: Caller;
  /** Term that the caller claims to act under. */
  readonly term: number | undefined;
  readonly entries: readonly LogEntry[];
  /** Whether the entry came with a sequence; else it gets the next one each time it is admitted. */
  readonly isNumbered: readonly boolean[];
  /** Set by admission, and again by each later one. */
  outcomes: readonly EntryOutcome[];
  added: readonly LogEntry[];
  /** Calls that hold the entries which this one repeats: it settles no better than they do. */
  readonly waitsFor: Set<AppendCall>;
  /** Settles when its own new entries are durable, or are not to be. */
  readonly settled: Deferred<void>;
}

export function createCall(
  caller: Caller,
  term: number | undefined,
  entries: readonly LogEntry[],
  isNumbered: readonly boolean[],
): AppendCall {
  const settled = createDeferred();
  // A call that fails before anybody waits for it is not an unhandled rejection.
  settled.promise.catch(() => undefined);
  return {
    caller,
    term,
    entries,
    isNumbered,
    outcomes: [],
    added: [],
    waitsFor: new Set(),
    settled,
  };
}

/**
 * Whether a call that had been admitted was refused by what this node knew later, when a call before it was not
 * written after all: another node may have written that one. It is to be made again, which looks at the store.
 */
export function wasRefusedUnseen({ added, waitsFor }: AppendCall, error: unknown): boolean {
  const wasAdmitted = added.length > 0 || waitsFor.size > 0;
  return wasAdmitted && isChannelError(error) && aboutOwnEntries.includes(error.code);
}

/**
 * What became of the entries of a call once those who staged them have settled: a repeat of an entry that turned out to
 * be a repeat itself, of one that another broker committed, stands where that one stands.
 */
export function finalOutcomes({ outcomes, waitsFor }: AppendCall): readonly EntryOutcome[] {
  if (waitsFor.size === 0) return outcomes;
  return outcomes.map((outcome) => finalOutcome(outcome, waitsFor));
}

function finalOutcome(outcome: EntryOutcome, holders: ReadonlySet<AppendCall>): EntryOutcome {
  if (outcome.entry === undefined || outcome.entry.position > 0) return outcome;
  for (const holder of holders) {
    const index = holder.entries.findIndex((entry) => entry === outcome.entry);
    const settled = holder.outcomes[index];
    if (settled !== undefined) return { ...settled, duplicate: true };
  }
  return outcome;
}
