import type { JsonEntry, JsonOutcome, JsonProcess } from "../../src/protocol/index.ts";

/** The executor writes to `out` and is read to the end; `chat` is everybody's and drops its oldest entries. */
export const channelNames = ["out", "chat"] as const;
export type ChannelName = (typeof channelNames)[number];

export const submitter = "sub";
export const batchEntriesMax = 8;
const chatEntriesMax = 100;

export const channelSpecs = [
  { name: "out", writers: "executor" },
  { name: "chat", maxlogentries: chatEntriesMax, whenfull: "trim" },
] as const;

/** What its clients know of a process from creation to delete. */
export class ProcessLife {
  readonly id: string;
  readonly number: number;
  readonly epoch: string;
  /** As the last answer said; undefined while a change is under way. */
  settled: JsonProcess | undefined;
  /** Of the newest executor whose role was acknowledged. */
  term: number;
  /** From the first moment at which the executor of `term` may be replaced. */
  mayBeFenced = false;
  /** Sent with the close. */
  outcome: JsonOutcome | undefined;
  isDeleting = false;
  /** The deletion was acknowledged. */
  isDeleted = false;
  readonly #sent = { out: 0, chat: 0 };

  constructor(number: number, created: JsonProcess) {
    this.number = number;
    this.id = created.id;
    this.epoch = created.epoch;
    this.term = created.term;
    this.settled = created;
  }

  log(channel: ChannelName): string {
    return `${this.id}/${this.number}/${channel}`;
  }

  path(rest = ""): string {
    return `/v1/processes/${this.id}${rest}`;
  }

  /** First position that entries sent now allow to be kept: a trim leaves 7/8 of the limit less one call. */
  noteSent(channel: ChannelName, entries: number): number {
    this.#sent[channel] += entries;
    if (channel === "out") return 1;
    const keptMin = Math.floor((chatEntriesMax * 7) / 8) - batchEntriesMax;
    return Math.max(1, this.#sent.chat - keptMin + 1);
  }
}

/** Text of an entry, of which any part tells that the rest is missing. */
export function payloadOf(name: string, fillBytes: number): string {
  return `${name}:${fillBytes}:${"x".repeat(fillBytes)}`;
}

/** What an entry says, from whom, as one text. */
export function contentOf({ senderid, producer = "", payload }: JsonEntry): string {
  const text = Buffer.from(payload, "base64").toString();
  const [name = "", fillBytes = "", fill = ""] = text.split(":");
  const isWhole = payloadOf(name, Number(fillBytes)) === text;
  return contentText(senderid, producer, isWhole ? name : `half of ${name}: ${fill.length}`);
}

export function contentText(sender: string, producer: string, name: string): string {
  return `${sender}/${producer}/${name}`;
}
