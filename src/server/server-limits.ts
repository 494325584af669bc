/** Limits of what strangers can make a server hold. Times are milliseconds. */
export interface ServerLimits {
  /** Open connections, of all and of one address. Those of a trusted proxy are not counted by address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Requests under way that are no streams and wait for nothing. */
  readonly requests: number;
  readonly requestsPerAddress: number;
  /** Requests under way that one connection has sent without waiting for their answers. */
  readonly requestsPerConnection: number;
  /** Bytes of bodies under way, as far as they are announced; one address gets half of it. */
  readonly bodyBytes: number;
  /** Bytes of answers and streams that are not taken by their readers; one address gets half of it. */
  readonly answerBytes: number;
  readonly headerBytes: number;
  /** From the first byte to the end of the header, and to the end of the body. */
  readonly headerMs: number;
  readonly requestMs: number;
  /** Silence in both directions after which a connection is closed. */
  readonly idleMs: number;
  /** Subscriptions of one WebSocket, and as many producers and watches. */
  readonly subscriptionsPerSocket: number;
  /** Bytes of appends of one WebSocket that have not been answered; beyond it no more is read from it. */
  readonly unsettledBytesPerSocket: number;
  /** Until the first frame of a WebSocket. */
  readonly helloMs: number;
}

const MiB = 1024 * 1024;

export const defaultServerLimits: ServerLimits = {
  connections: 10_000,
  connectionsPerAddress: 5_000,
  requests: 2_000,
  requestsPerAddress: 1_000,
  requestsPerConnection: 16,
  bodyBytes: 256 * MiB,
  answerBytes: 256 * MiB,
  headerBytes: 16 * 1024,
  headerMs: 10_000,
  requestMs: 120_000,
  idleMs: 90_000,
  subscriptionsPerSocket: 1_000,
  unsettledBytesPerSocket: 8 * MiB,
  helloMs: 5_000,
};

/** Times of streams, in milliseconds; `ServerOptions` says what they are for. */
export const defaultStreamTimes = { heartbeatMs: 15_000, stallMs: 30_000, graceMs: 5_000 };

/** Throws `TypeError` for a limit that does not exist, `RangeError` for one that is not positive. */
export function resolveServerLimits(limits: Partial<ServerLimits>): ServerLimits {
  const given = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== undefined),
  );
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaultServerLimits)) throw new TypeError(`unknown limit of the server: ${name}`);
    if (!(value >= 1)) throw new RangeError(`${name} must be at least 1, got ${value}`);
  }
  return { ...defaultServerLimits, ...given };
}
