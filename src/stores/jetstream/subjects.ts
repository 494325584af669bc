import { crc32 } from "node:zlib";
import type { ChannelKey } from "../../core/store.ts";

export const defaultStoreName = "jobwire";

/** More cost more memory and elections in the servers, and carry no more. */
export const streamCountMax = 64;

/** Throws `RangeError` for what cannot be a part of a subject. */
export function requireStoreName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new RangeError(`name must be up to 64 letters, digits, - and _, got ${name}`);
}

/** First token of the subjects that streams republish on. No stream may have subjects below it. */
const tailSuffix = "-tail";
/** The number of streams follows. */
const descriptionStart = "Jobwire store, format 1, streams: ";

/** Names of streams and subjects of one store. A process is in one shard with its record and its channels. */
export class Subjects {
  readonly #name: string;
  readonly #shardCount: number;

  constructor(name: string, shardCount: number) {
    this.#name = name;
    this.#shardCount = shardCount;
  }

  /** What the first stream says of all of them, so that a node need not be told. */
  get description(): string {
    return `${descriptionStart}${this.#shardCount}`;
  }

  /** Those of the store that a stream with this description is the first of; undefined where it is none. */
  static described(name: string, description: string | undefined): Subjects | undefined {
    if (description?.startsWith(descriptionStart) !== true) return undefined;
    return new Subjects(name, Number(description.slice(descriptionStart.length)));
  }

  get streams(): readonly string[] {
    return Array.from({ length: this.#shardCount }, (_, shard) => this.#stream(shard));
  }

  streamOf(processId: string): string {
    return this.#stream(this.#shardOf(processId));
  }

  channelOf({ processId, life, channel }: ChannelKey): string {
    const tokens = [processId, life, channel].map(encodeToken).join(".");
    return `${this.#shardPrefix(this.#shardOf(processId))}.channel.${tokens}`;
  }

  recordOf(processId: string): string {
    return `${this.#shardPrefix(this.#shardOf(processId))}.record.${encodeToken(processId)}`;
  }

  /** Every channel that a process has or had; the number of tokens is that of one. */
  channelsOfProcess(processId: string): string {
    const prefix = this.#shardPrefix(this.#shardOf(processId));
    return `${prefix}.channel.${encodeToken(processId)}.*.*`;
  }

  kindOf(subject: string): "channel" | "record" | "lease" {
    const [, , kind] = subject.split(".");
    return kind === "record" || kind === "lease" ? kind : "channel";
  }

  /** The stream that has a subject of the store. */
  streamWith(subject: string): string {
    return this.#stream(Number(subject.split(".")[1]));
  }

  /** Where the stream republishes what it takes on a subject. */
  tailOf(subject: string): string {
    return `${this.#name}${tailSuffix}${subject.slice(this.#name.length)}`;
  }

  /** Every record of a stream; the number of tokens is that of one. */
  recordsOf(stream: string): string {
    return `${this.#shardPrefix(this.#shardIn(stream))}.record.*`;
  }

  /** What a stream republishes. */
  channelsOf(stream: string): string {
    return `${this.#shardPrefix(this.#shardIn(stream))}.channel.>`;
  }

  /** All subjects of a stream. */
  subjectsOf(stream: string): readonly string[] {
    const shard = this.#shardIn(stream);
    const prefix = this.#shardPrefix(shard);
    const own = [`${prefix}.channel.*.*.*`, `${prefix}.record.*`];
    return shard === 0 ? [...own, this.lease] : own;
  }

  /** Says which node sweeps. In the first stream. */
  get lease(): string {
    return `${this.#shardPrefix(0)}.lease`;
  }

  /** Where nodes tell each other that the executor of a process was heard. */
  heardOf(processId: string): string {
    return `${this.#name}${tailSuffix}.heard.${encodeToken(processId)}`;
  }

  /** Of all processes. */
  get heard(): string {
    return `${this.#name}${tailSuffix}.heard.*`;
  }

  #shardOf(processId: string): number {
    return crc32(processId) % this.#shardCount;
  }

  #stream(shard: number): string {
    return `${this.#name}-${shard}`;
  }

  #shardIn(stream: string): number {
    return Number(stream.slice(this.#name.length + 1));
  }

  #shardPrefix(shard: number): string {
    return `${this.#name}.${shard}`;
  }
}

/** Ids may hold dots, which separate tokens, and from other callers anything else. */
function encodeToken(text: string): string {
  return encodeURIComponent(text).replaceAll(".", "%2E").replaceAll("*", "%2A");
}
