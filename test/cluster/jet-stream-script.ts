import { bytesOf, headerBytes, messageBytesMax, streamBytesMax, textOf } from "./script-world.ts";
import type { Ask, Place } from "./script-world.ts";

/** What is asked, in words, how, and the answer. */
type Step = readonly [what: string, ask: Ask, answer: unknown];

/** Steps, one after the other, on a stream with nothing in it. */
export interface Script {
  /** What JetStream does in them. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Servers before 2.10 do something else. */
  readonly isSince210?: boolean;
  /** Of those that were tried, no later version does so. */
  readonly isOf210?: boolean;
}

/** The answer is the sequence. A number of data is so many bytes. */
function publish(place: Place, expected: number, data: string | number): Ask {
  return ({ jetStream, subjectOf }) =>
    jetStream.publish(subjectOf(place), dataOf(data), { expected });
}

function replace(place: Place, expected: number, data: string | number): Ask {
  return ({ jetStream, subjectOf }) =>
    jetStream.publish(subjectOf(place), dataOf(data), { expected, replacing: true });
}

function dataOf(data: string | number): Uint8Array {
  return typeof data === "string" ? bytesOf(data) : new Uint8Array(data);
}

function last(place: Place): Ask {
  return async ({ jetStream, stream, subjectOf, describe }) =>
    describe(await jetStream.readLast(stream, subjectOf(place)));
}

function next(place: Place, from: number): Ask {
  return async ({ jetStream, stream, subjectOf, describe }) =>
    describe(await jetStream.readNext(stream, subjectOf(place), from));
}

function purge(place: Place, below: number): Ask {
  return async ({ jetStream, stream, subjectOf }) => {
    await jetStream.purgeBelow(stream, subjectOf(place), below);
    return "done";
  };
}

const state: Ask = async ({ jetStream, stream }) => {
  const { bytes, lastSequence } = await jetStream.readState(stream);
  return { bytes, lastSequence };
};

/** Listens to what the stream takes on a subject from now on. */
function tail(place: Place): Ask {
  return async ({ jetStream, subjects, subjectOf, hear, onStop }) => {
    const tailing = jetStream.tail(
      subjects.tailOf(subjectOf(place)),
      ({ sequence, previous, data }) =>
        hear(`${place}: ${sequence} behind ${previous}, ${textOf(data)}`),
    );
    onStop(() => tailing.stop());
    await tailing.ready;
    return "ready";
  };
}

function follow(place: Place, from: number, options: { headersOnly?: boolean } = {}): Ask {
  return async ({ jetStream, stream, subjectOf, describe, hear, onStop }) => {
    const listener = (message: Parameters<typeof describe>[0]): void => hear(describe(message));
    onStop(jetStream.follow(stream, subjectOf(place), listener, { from, ...options }));
    return "begun";
  };
}

function listen(place: Place): Ask {
  return async ({ jetStream, subjectOf, placeOf, hear, onStop }) => {
    onStop(
      jetStream.listen(subjectOf(place), (subject, data) =>
        hear(`${placeOf(subject)} ${textOf(data)}`),
      ),
    );
    // It is known to the server before whatever is asked after it.
    await jetStream.tail("any", () => undefined).ready;
    return "ready";
  };
}

function broadcast(place: Place, data: string): Ask {
  return async ({ jetStream, subjectOf }) => {
    jetStream.broadcast(subjectOf(place), bytesOf(data));
    return "done";
  };
}

/** What was heard first of what was not asked for yet. */
function heard(count: number): Ask {
  return ({ takeHeard }) => takeHeard(count);
}

const flush: Ask = async ({ jetStream, stream }) => {
  await jetStream.flushTails(stream);
  return "done";
};

/** What was heard until now. */
const heardSoFar: Ask = async ({ takeHeardSoFar }) => takeHeardSoFar();

const stop: Ask = async ({ stopAll }) => {
  stopAll();
  return "done";
};

const expectations: Script = {
  name: "takes a message behind the expected one of its subject only",
  steps: [
    ["behind nothing", publish("out", 0, "a"), 1],
    ["behind the last one", publish("out", 1, "b"), 2],
    ["behind one that is not the last", publish("out", 1, "c"), "conflict"],
    ["behind nothing where there is something", publish("out", 0, "c"), "conflict"],
    ["behind one to come", publish("out", 3, "c"), "conflict"],
    ["behind something where there is nothing", publish("err", 2, "d"), "conflict"],
    ["behind nothing of another subject", publish("err", 0, "d"), 3],
    ["behind the last one of the stream", publish("out", 3, "e"), "conflict"],
    ["behind the last one of its own", publish("out", 2, "e"), 4],
    ["on a subject of no stream", publish("nowhere", 0, "f"), "unavailable"],
    ["what there is then", state, { bytes: 456, lastSequence: 4 }],
  ],
};

const afterPurge: Script = {
  name: "takes a purged subject for an empty one",
  steps: [
    ["one", publish("out", 0, "a"), 1],
    ["and another", publish("out", 1, "b"), 2],
    ["a purge of the first", purge("out", 2), "done"],
    ["nothing expected while one is there", publish("out", 0, "c"), "conflict"],
    ["the purged one expected", publish("out", 1, "c"), "conflict"],
    ["the kept one expected", publish("out", 2, "c"), 3],
    ["a purge of all", purge("out", 4), "done"],
    ["the last one expected that was there", publish("out", 3, "d"), "conflict"],
    ["nothing expected", publish("out", 0, "d"), 4],
    ["the last one", last("out"), "4 out d"],
  ],
};

const replacement: Script = {
  name: "replaces what is on a subject, where the last of it is the expected one",
  steps: [
    ["nothing", replace("record", 0, "a"), 1],
    ["nothing, where there is something", replace("record", 0, "b"), "conflict"],
    ["the one there", replace("record", 1, "b"), 2],
    ["the one that was there", replace("record", 1, "c"), "conflict"],
    ["nothing of another subject", replace("otherRecord", 0, "d"), 3],
    ["one more without replacing", publish("record", 2, "e"), 4],
    ["both are there", next("record", 1), "2 record b"],
    ["not the last of both", replace("record", 2, "f"), "conflict"],
    ["both", replace("record", 4, "f"), 5],
    ["they are gone", next("record", 1), "5 record f"],
    ["the other is there", last("otherRecord"), "3 otherRecord d"],
    ["what there is then", state, { bytes: 244, lastSequence: 5 }],
  ],
};

const purges: Script = {
  name: "purges a subject below a sequence, which itself stays",
  steps: [
    ["1", publish("out", 0, "a"), 1],
    ["2", publish("err", 0, "b"), 2],
    ["3", publish("out", 1, "c"), 3],
    ["4", publish("other", 0, "d"), 4],
    ["5", publish("out", 3, "e"), 5],
    ["6", publish("err", 2, "f"), 6],
    ["below the first", purge("out", 1), "done"],
    ["below nothing", purge("out", 0), "done"],
    ["all are there", next("out", 1), "1 out a"],
    ["below 3", purge("out", 3), "done"],
    ["3 is there", next("out", 1), "3 out c"],
    ["below one of another subject", purge("out", 4), "done"],
    ["3 is gone", next("out", 1), "5 out e"],
    ["again", purge("out", 4), "done"],
    ["the last is behind it", publish("out", 5, "g"), 7],
    ["2 is there", next("err", 1), "2 err b"],
    ["of a process, below 6", purge("channelsOfProcess", 6), "done"],
    ["6 is there", next("channelsOfProcess", 1), "6 err f"],
    ["of its other channel 7", next("out", 1), "7 out g"],
    ["of another process 4", next("other", 1), "4 other d"],
    ["of a process, all", purge("channelsOfProcess", 100), "done"],
    ["none is there", last("channelsOfProcess"), "nothing"],
    ["of another process 4 still", last("other"), "4 other d"],
    ["where nothing is", purge("err", 5), "done"],
    ["what there is then", state, { bytes: 114, lastSequence: 7 }],
  ],
};

const reads: Script = {
  name: "reads the last message, and the next one from a sequence on",
  steps: [
    ["the last of nothing", last("out"), "nothing"],
    ["the next of nothing", next("out", 1), "nothing"],
    ["the last of all records", last("records"), "nothing"],
    ["1", publish("out", 0, "a"), 1],
    ["2", publish("err", 0, "b"), 2],
    ["3", publish("other", 0, "c"), 3],
    ["4", publish("out", 1, "d"), 4],
    ["5", replace("record", 0, "e"), 5],
    ["6", replace("otherRecord", 0, "f"), 6],
    ["7", replace("record", 5, "g"), 7],
    ["the last", last("out"), "4 out d"],
    ["the last of another", last("err"), "2 err b"],
    ["the first", next("out", 0), "1 out a"],
    ["from 1", next("out", 1), "1 out a"],
    ["from 2", next("out", 2), "4 out d"],
    ["from 4", next("out", 4), "4 out d"],
    ["from 5", next("out", 5), "nothing"],
    ["from what is to come", next("out", 100), "nothing"],
    ["of a process from 1", next("channelsOfProcess", 1), "1 out a"],
    ["of a process from 2", next("channelsOfProcess", 2), "2 err b"],
    ["of a process from 3", next("channelsOfProcess", 3), "4 out d"],
    ["of a process from 5", next("channelsOfProcess", 5), "nothing"],
    ["the last of a process", last("channelsOfProcess"), "4 out d"],
    ["of records from 1", next("records", 1), "6 otherRecord f"],
    ["of records from 7", next("records", 7), "7 record g"],
    ["the last of all records", last("records"), "7 record g"],
    ["the last of all channels", last("channels"), "4 out d"],
  ],
};

const tails: Script = {
  name: "reports what it takes, with the sequence before it on the subject",
  steps: [
    ["one before", publish("out", 0, "a"), 1],
    ["listening", tail("out"), "ready"],
    ["one", publish("out", 1, "b"), 2],
    ["one of another channel", publish("err", 0, "c"), 3],
    ["a record", replace("record", 0, "d"), 4],
    ["a refused one", publish("out", 1, "e"), "conflict"],
    ["another", publish("out", 2, "e"), 5],
    ["both", heard(2), ["out: 2 behind 1, b", "out: 5 behind 2, e"]],
    ["a purge of what is before the last", purge("out", 5), "done"],
    ["behind the purge", publish("out", 5, "f"), 6],
    ["a purge of all", purge("out", 7), "done"],
    ["behind nothing", publish("out", 0, "g"), 7],
    ["those", heard(2), ["out: 6 behind 5, f", "out: 7 behind 0, g"]],
    ["one in the place of all", replace("out", 7, "h"), 8],
    ["it", heard(1), ["out: 8 behind 7, h"]],
    ["listening no more", stop, "done"],
    ["one that is not heard", publish("out", 8, "i"), 9],
    ["listening to another", tail("err"), "ready"],
    ["one that is", publish("err", 3, "j"), 10],
    ["it alone", heard(1), ["err: 10 behind 3, j"]],
    ["another", publish("err", 10, "k"), 11],
    ["all that was sent has come", flush, "done"],
    ["it", heardSoFar, ["err: 11 behind 10, k"]],
  ],
};

const follows: Script = {
  name: "reports what it keeps, and then what it takes",
  steps: [
    ["1", replace("record", 0, "a"), 1],
    ["2", replace("otherRecord", 0, "b"), 2],
    ["3", publish("out", 0, "c"), 3],
    ["4", replace("record", 1, "d"), 4],
    ["from the beginning", follow("records", 1), "begun"],
    ["what is kept", heard(2), ["2 otherRecord b", "4 record d"]],
    ["5", publish("out", 3, "e"), 5],
    ["6", replace("otherRecord", 2, "f"), 6],
    ["what came", heard(1), ["6 otherRecord f"]],
    ["no more", stop, "done"],
    ["from behind 4", follow("records", 5), "begun"],
    ["what is kept behind it", heard(1), ["6 otherRecord f"]],
    ["no more", stop, "done"],
    ["from what is to come", follow("records", 7), "begun"],
    ["7", replace("record", 4, "g"), 7],
    ["it", heard(1), ["7 record g"]],
    ["no more", stop, "done"],
    ["from 3 without data", follow("channels", 3, { headersOnly: true }), "begun"],
    ["8", publish("out", 5, "h"), 8],
    ["what there is", heard(3), ["3 out ", "5 out ", "8 out "]],
  ],
};

const broadcasts: Script = {
  name: "tells those who listen what is told, and keeps nothing of it",
  steps: [
    ["to nobody", broadcast("heard", "a"), "done"],
    ["listening to one", listen("heard"), "ready"],
    ["of another", broadcast("otherHeard", "b"), "done"],
    ["of that one", broadcast("heard", "c"), "done"],
    ["it", heard(1), ["heard c"]],
    ["listening no more", stop, "done"],
    ["listening to all", listen("allHeard"), "ready"],
    ["of one", broadcast("heard", "d"), "done"],
    ["of another", broadcast("otherHeard", "e"), "done"],
    ["both", heard(2), ["heard d", "otherHeard e"]],
    ["what there is then", state, { bytes: 0, lastSequence: 0 }],
  ],
};

const largest = messageBytesMax - headerBytes;

const sizes: Script = {
  name: "refuses a message that is larger with its headers than the server takes",
  steps: [
    ["too large", publish("out", 0, largest + 1), "refused"],
    ["as large as can be", publish("out", 0, largest), 1],
    ["too large, and behind the wrong one", publish("out", 2, largest + 1), "refused"],
    ["too large for one that replaces", replace("record", 0, largest), "refused"],
    ["small enough for it", replace("record", 0, largest - 18), 2],
    ["too large by the digits of what is expected", publish("out", 10, largest), "refused"],
    ["what there is then", state, { bytes: 131_184, lastSequence: 2 }],
  ],
};

const third = streamBytesMax / 3 - 1_000;

const fullStream: Script = {
  name: "refuses what there is no room for, whatever it would replace",
  steps: [
    ["1", publish("out", 0, third), 1],
    ["2", publish("out", 1, third), 2],
    ["3", replace("record", 0, third), 3],
    ["one too many", publish("out", 2, third), "full"],
    ["one that would replace one as large", replace("record", 3, third), "full"],
    ["behind the wrong one", publish("out", 1, third), "conflict"],
    ["behind the wrong one, replacing", replace("record", 0, third), "conflict"],
    ["a small one", publish("out", 2, "a"), 4],
    ["a small one in the place of a large one", replace("record", 3, "b"), 5],
    ["one there is room for now", publish("err", 0, third), 6],
    ["one too many again", publish("err", 6, third), "full"],
    ["a purge", purge("out", 2), "done"],
    ["one there is room for now", publish("err", 6, third), 7],
    ["what there is then", state, { bytes: 177_575, lastSequence: 7 }],
  ],
};

/** Bytes that the stream counts for a message of `out` besides its data. */
const outBytes = 22 + 4 + 8 + "script.0.channel.p.life.out".length + headerBytes;
const left = streamBytesMax - 2 * (60_000 + outBytes) - outBytes;

const lastByte: Script = {
  name: "takes no message that does not fit, and drops none for it",
  // Those do not count all of a message: one that just fits without the rest costs the oldest one.
  isSince210: true,
  steps: [
    ["1", publish("out", 0, 60_000), 1],
    ["2", publish("out", 1, 60_000), 2],
    ["one that does not fit by a byte of its subject", publish("out", 2, left + 1), "full"],
    ["a byte less", publish("out", 2, left - 1), 3],
    ["all are there", state, { bytes: streamBytesMax - 1, lastSequence: 3 }],
  ],
};

const filling: Script = {
  name: "takes no message that would fill the stream to its last byte",
  isSince210: true,
  isOf210: true,
  steps: [
    ["1", publish("out", 0, 60_000), 1],
    ["2", publish("out", 1, 60_000), 2],
    ["one that fills it", publish("out", 2, left), "full"],
  ],
};

const elsewhere: Script = {
  name: "refuses what is asked of a stream that is not there",
  steps: [
    ["the last", ({ jetStream }) => jetStream.readLast("no-stream", "a"), "refused"],
    ["the next", ({ jetStream }) => jetStream.readNext("no-stream", "a", 1), "refused"],
    ["a purge", ({ jetStream }) => jetStream.purgeBelow("no-stream", "a", 5), "refused"],
    ["its state", ({ jetStream }) => jetStream.readState("no-stream"), "refused"],
  ],
};

export const scripts: readonly Script[] = [
  ...[expectations, afterPurge, replacement, purges, reads, tails, follows, broadcasts],
  ...[sizes, fullStream, lastByte, filling, elsewhere],
];
