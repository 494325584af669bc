import { sequenceHolesMax } from "./limits.ts";

export interface ProducerKey {
  readonly senderId: string;
  /** "" for callers without producer id. */
  readonly producer: string;
}

/** Sequences from `from` to `to`, both included, that were skipped and may still come. */
export type SequenceHole = readonly [from: number, to: number];

/** What was accepted of one producer. With a producer id there are no holes: its sequences are consecutive. */
export interface ProducerState extends ProducerKey {
  readonly max: number;
  /** Ascending, at most `sequenceHolesMax`. */
  readonly holes: readonly SequenceHole[];
  /** At and below it holes were forgotten: new and repeated can no longer be told apart. */
  readonly floor: number;
  /** Wall time of the last entry, for forgetting. */
  readonly lastUsedAt: number;
}

export type SequenceVerdict = "new" | "repeat" | "gap" | "too_old";

const lowest = Number.MIN_SAFE_INTEGER;

/** Before the first entry: without producer id everything is open, with one 1 is next. */
export function createProducerState(key: ProducerKey): ProducerState {
  const max = key.producer === "" ? lowest - 1 : 0;
  return {
    senderId: key.senderId,
    producer: key.producer,
    max,
    holes: [],
    floor: lowest - 1,
    lastUsedAt: 0,
  };
}

export function judgeSequence(state: ProducerState, sequence: number): SequenceVerdict {
  if (state.producer !== "") {
    if (sequence > state.max) return sequence === state.max + 1 ? "new" : "gap";
    return "repeat";
  }
  if (sequence > state.max) return "new";
  if (sequence <= state.floor) return "too_old";
  return holeIndex(state.holes, sequence) === -1 ? "repeat" : "new";
}

/** The state after a new sequence was accepted. */
export function acceptSequence(state: ProducerState, sequence: number, at: number): ProducerState {
  if (state.producer !== "") return advance(state, sequence, at);
  if (sequence > state.max) {
    if (sequence === state.max + 1) return advance(state, sequence, at);
    const holes: SequenceHole[] = [...state.holes, [state.max + 1, sequence - 1]];
    return limitHoles({ ...state, max: sequence, holes, lastUsedAt: at });
  }
  const index = holeIndex(state.holes, sequence);
  const [from, to] = state.holes[index] ?? [sequence, sequence];
  const rest: SequenceHole[] = [];
  if (from < sequence) rest.push([from, sequence - 1]);
  if (sequence < to) rest.push([sequence + 1, to]);
  const holes = [...state.holes.slice(0, index), ...rest, ...state.holes.slice(index + 1)];
  return limitHoles({ ...state, holes, lastUsedAt: at });
}

/** Field by field: it is made for each entry, and a spread costs as much as all that is judged of one. */
function advance(state: ProducerState, max: number, lastUsedAt: number): ProducerState {
  const { senderId, producer, holes, floor } = state;
  return { senderId, producer, max, holes, floor, lastUsedAt };
}

function limitHoles(state: ProducerState): ProducerState {
  if (state.holes.length <= sequenceHolesMax) return state;
  const [forgotten, ...holes] = state.holes;
  return { ...state, holes, floor: forgotten?.[1] ?? state.floor };
}

/** Index of the hole that contains the sequence, or −1. Binary search: holes are ascending. */
function holeIndex(holes: readonly SequenceHole[], sequence: number): number {
  let low = 0;
  let high = holes.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = holes[middle] as SequenceHole;
    if (sequence < from) high = middle - 1;
    else if (sequence > to) low = middle + 1;
    else return middle;
  }
  return -1;
}
