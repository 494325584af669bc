import { Channel, createEntry } from "./channel.ts";
import type { ChannelInit } from "./channel.ts";
import {
  encodePayload,
  entryBytes,
  MsgType,
  requireMsgType,
  requirePayloadSize,
  requireSafeInteger,
} from "./entry.ts";
import type { MsgEntry } from "./entry.ts";
import { ChannelError, invalidArgument } from "./errors.ts";
import { defaultRouterLimits } from "./limits.ts";
import type { RouterLimits } from "./limits.ts";
import { RateLimiter } from "./rate-limiter.ts";
import type { Subscription } from "./subscription.ts";
import { systemClock } from "./system.ts";
import type { Clock } from "./system.ts";

export interface RouterOptions extends Partial<RouterLimits> {
  /** Repeats with the same content succeed and add nothing. Off in the seed, so off by default. */
  readonly deduplication?: boolean;
  readonly clock?: Clock;
}

type ResolvedRouterOptions = { -readonly [Key in keyof RouterLimits]: RouterLimits[Key] } & {
  readonly deduplication: boolean;
  readonly clock: Clock;
};

export function resolveRouterOptions(options: RouterOptions): ResolvedRouterOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  for (const key of Object.keys(given)) {
    if (!(key in defaultRouterLimits) && key !== "deduplication" && key !== "clock") {
      throw new TypeError(`unknown option of Router: ${key}`);
    }
  }
  const resolved = { ...defaultRouterLimits, deduplication: false, clock: systemClock, ...given };
  for (const key of countKeys) requireCount(key, resolved[key]);
  return resolved;
}

const countKeys = [
  "maxChannelsPerProcess",
  "maxLogEntries",
  "maxLogBytes",
  "payloadBytesMax",
  "subscriberBufferSize",
  "messagesPerSecond",
  "messageBurst",
] as const;

function requireCount(name: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${name} must be a number from 0 to Infinity, got ${String(value)}`);
}

interface RouterProcess {
  readonly channels: Map<string, Channel>;
  readonly rateLimiter: RateLimiter;
}

/**
 * The logs of many processes in memory: rules only, synchronous, no network and no disk. The seed's API
 * (package `channel` of ColonyOS).
 */
export class Router {
  readonly #options: ResolvedRouterOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #processes = new Map<string, RouterProcess>();

  /** Rate limit on: 100 messages/s and a burst of 500 for each process. */
  constructor(options: RouterOptions = {}) {
    this.#options = resolveRouterOptions(options);
  }

  static withoutRateLimit(options: RouterOptions = {}): Router {
    return new Router({ ...options, rateLimitEnabled: false });
  }

  /** Nothing refills: after 500 messages the next one of a process is refused, always. */
  static forTesting(options: RouterOptions = {}): Router {
    return new Router({ ...options, messagesPerSecond: 0 });
  }

  /** Errors: `channel_exists`, `too_many_channels`, `invalid_argument`. */
  create(init: ChannelInit): void {
    for (const field of ["id", "processId", "name", "submitterId"] as const)
      requireText(field, init[field]);
    if (this.#channels.has(init.id)) throw new ChannelError("channel_exists", { channel: init.id });
    const process = this.#processes.get(init.processId) ?? this.#createProcess();
    if (process.channels.has(init.name)) {
      throw new ChannelError("channel_exists", {
        channel: init.name,
        reason: "the process has a channel of this name",
      });
    }
    if (process.channels.size >= this.#options.maxChannelsPerProcess) {
      throw new ChannelError("too_many_channels", {
        limitChannels: this.#options.maxChannelsPerProcess,
      });
    }
    const { deduplication, clock } = this.#options;
    const channel = new Channel(init, { deduplicates: deduplication, now: clock.now() });
    this.#channels.set(channel.id, channel);
    process.channels.set(channel.name, channel);
    this.#processes.set(channel.processId, process);
  }

  /** As `create`, but a known id of the same process and name is a success. */
  createIfNotExists(init: ChannelInit): void {
    const known = this.#channels.get(init.id);
    if (known === undefined) return this.create(init);
    if (known.processId === init.processId && known.name === init.name) return;
    throw new ChannelError("channel_exists", {
      channel: init.id,
      reason: "it belongs to another process or has another name",
    });
  }

  /** Errors: `channel_not_found`. */
  get(channelId: string): Channel {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) throw new ChannelError("channel_not_found", { channel: channelId });
    return channel;
  }

  /** Errors: `channel_not_found`. */
  getByProcessAndName(processId: string, name: string): Channel {
    const channel = this.#processes.get(processId)?.channels.get(name);
    if (channel === undefined)
      throw new ChannelError("channel_not_found", { processId, channel: name });
    return channel;
  }

  /** In order of creation; none for an unknown process. */
  getChannelsByProcess(processId: string): readonly Channel[] {
    return [...(this.#processes.get(processId)?.channels.values() ?? [])];
  }

  /**
   * Errors: `message_too_large`, `invalid_argument`, `channel_not_found`, `unauthorized`,
   * `sequence_conflict`, `sequence_too_old`, `rate_limit_exceeded`, `channel_full`.
   */
  append(
    channelId: string,
    senderId: string,
    sequence: number,
    inReplyTo: number,
    payload?: Uint8Array | string,
  ): void {
    this.appendWithType(channelId, senderId, sequence, inReplyTo, payload, MsgType.Data);
  }

  /** As `append`, for entries of another type than `data`. */
  appendWithType(
    channelId: string,
    senderId: string,
    sequence: number,
    inReplyTo: number,
    payload: Uint8Array | string | undefined,
    type: string,
  ): void {
    const bytes = encodePayload(payload);
    requirePayloadSize(bytes, this.#options.payloadBytesMax);
    requireSafeInteger("sequence", sequence);
    requireSafeInteger("inReplyTo", inReplyTo);
    requireMsgType(type);
    const channel = this.#authorize(channelId, senderId);
    const timestamp = this.#options.clock.now();
    const entry = createEntry({ senderId, sequence, inReplyTo, payload: bytes, type }, timestamp);
    if (channel.isRepeat(entry)) return;
    this.#admit(channel, entry);
    channel.add(entry);
  }

  /**
   * Entries after a position. A negative `afterIndex` counts as 0, `limit` 0 is no limit; `bytesMax` bounds
   * the answer, which holds at least one entry if there is one. Errors: `channel_not_found`, `unauthorized`.
   */
  readAfter(
    channelId: string,
    callerId: string,
    afterIndex: number,
    limit: number,
    { bytesMax = Infinity }: { readonly bytesMax?: number } = {},
  ): readonly MsgEntry[] {
    requireSafeInteger("afterIndex", afterIndex);
    requireSafeInteger("limit", limit, 0);
    return this.#authorize(channelId, callerId).read(
      afterIndex,
      limit === 0 ? Infinity : limit,
      bytesMax,
    );
  }

  /**
   * Entries appended from now on, or all after a position. Ends by itself when it is too slow, when its
   * caller loses the right to read, and when the process is cleaned up. Errors: `channel_not_found`, `unauthorized`.
   */
  subscribe(
    channelId: string,
    callerId: string,
    { after }: { readonly after?: number } = {},
  ): Subscription {
    if (after !== undefined) requireSafeInteger("after", after);
    const channel = this.#authorize(channelId, callerId);
    return channel.subscribe(callerId, after, this.#options.subscriberBufferSize);
  }

  /** Ends it. One that is unknown or has ended already is a success. */
  unsubscribe(channelId: string, subscription: Subscription): void {
    this.#channels.get(channelId)?.unsubscribe(subscription);
  }

  subscriberCount(channelId: string): number {
    return this.#channels.get(channelId)?.subscriberCount ?? 0;
  }

  /** Subscriptions of the replaced executor end. Errors: `channel_not_found`. */
  setExecutorId(channelId: string, executorId: string): void {
    this.get(channelId).replaceExecutor(executorId);
  }

  /** As `setExecutorId` for all channels of a process; an unknown one is a success. */
  setExecutorIdForProcess(processId: string, executorId: string): void {
    for (const channel of this.getChannelsByProcess(processId)) channel.replaceExecutor(executorId);
  }

  /** Forgets everything of a process and ends its subscriptions; an unknown one is a success. */
  cleanupProcess(processId: string): void {
    const process = this.#processes.get(processId);
    if (process === undefined) return;
    this.#processes.delete(processId);
    for (const channel of process.channels.values()) {
      this.#channels.delete(channel.id);
      channel.endSubscriptions();
    }
  }

  /** Number of entries ever appended: the position of the last one. Errors: `channel_not_found`. */
  getSequence(channelId: string): number {
    return this.get(channelId).sequence;
  }

  /** Entries held. Errors: `channel_not_found`. */
  getLogSize(channelId: string): number {
    return this.get(channelId).size;
  }

  stats(): { readonly channelCount: number; readonly processCount: number } {
    return { channelCount: this.#channels.size, processCount: this.#processes.size };
  }

  setMaxChannelsPerProcess(count: number): void {
    this.#options.maxChannelsPerProcess = requireCount("maxChannelsPerProcess", count);
  }

  setMaxLogEntries(count: number): void {
    this.#options.maxLogEntries = requireCount("maxLogEntries", count);
  }

  setMaxLogBytes(bytes: number): void {
    this.#options.maxLogBytes = requireCount("maxLogBytes", bytes);
  }

  setRateLimitEnabled(isEnabled: boolean): void {
    this.#options.rateLimitEnabled = isEnabled;
  }

  /** Holds for subscriptions made from now on. */
  setSubscriberBufferSize(entries: number): void {
    this.#options.subscriberBufferSize = requireCount("subscriberBufferSize", entries);
  }

  #createProcess(): RouterProcess {
    const { messageBurst, messagesPerSecond, clock } = this.#options;
    return {
      channels: new Map(),
      rateLimiter: new RateLimiter(messageBurst, messagesPerSecond, { clock }),
    };
  }

  #authorize(channelId: string, identity: string): Channel {
    const channel = this.get(channelId);
    if (!channel.isMember(identity)) throw new ChannelError("unauthorized", { identity });
    return channel;
  }

  /** Rate, then fullness; the token is taken last, so that a refused append takes none. */
  #admit(channel: Channel, entry: MsgEntry): void {
    const { maxLogEntries, maxLogBytes, rateLimitEnabled } = this.#options;
    const rateLimiter = rateLimitEnabled
      ? this.#processes.get(channel.processId)?.rateLimiter
      : undefined;
    if (rateLimiter?.canAllow(1) === false) {
      throw new ChannelError("rate_limit_exceeded", { retryAfterMs: rateLimiter.retryAfterMs(1) });
    }
    if (channel.size >= maxLogEntries) {
      throw new ChannelError("channel_full", { limit: "maxLogEntries", limitValue: maxLogEntries });
    }
    if (channel.bytes + entryBytes(entry) > maxLogBytes) {
      throw new ChannelError("channel_full", { limit: "maxLogBytes", limitValue: maxLogBytes });
    }
    rateLimiter?.allow();
  }
}

function requireText(name: string, value: string): void {
  if (typeof value !== "string" || value === "") throw invalidArgument(name, "a non-empty string");
}
