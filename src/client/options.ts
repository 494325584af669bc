import type { ChannelError } from "../core/errors.ts";
import { requireSafeInteger } from "../core/entry.ts";
import type { System } from "../core/system.ts";
import { clientSystem } from "./system.ts";
import type { TokenOption } from "./token-source.ts";
import { defaultWebSocket, type WebSocketConstructor } from "./web-socket.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** How entries travel. `auto`: the best that gets through. */
export type TransportOption = "auto" | Transport;
export type Transport = "websocket" | "sse" | "poll";

export interface JobwireOptions {
  /** Of the server, such as `https://jobs.example.org`; a path before `/v1` is kept. */
  readonly url: string;
  /** A token or a grant, or a function that is asked again when one expires. */
  readonly token: TokenOption;
  readonly transport?: TransportOption;
  /** Bytes of one channel that are sent and not acknowledged; more waits. */
  readonly unackedBytes?: number;
  /** Bytes that wait besides; a `send` beyond it is refused with `overloaded`. */
  readonly waitingBytesMax?: number;
  /** Bytes of one subscription that wait for their consumer. */
  readonly readAheadBytes?: number;
  /** How long an attempt to connect may take. */
  readonly connectTimeoutMs?: number;
  /** How long an operation is repeated while the server is away. */
  readonly patienceMs?: number;
  /** How long a connection that nobody needs is kept. */
  readonly idleMs?: number;
  /** After what time a WebSocket is tried again where it did not get through; doubles up to 16 times. */
  readonly webSocketRetryMs?: number;
  /** How long `close` waits for acknowledgements. */
  readonly closeTimeoutMs?: number;
  /** Acknowledged entries are gone from the server; what it had not acknowledged is sent again. */
  readonly onDataLost?: (error: ChannelError<"data_lost">) => void;
  readonly webSocket?: WebSocketConstructor | undefined;
  readonly system?: System;
}

const transports: readonly string[] = ["auto", "websocket", "sse", "poll"];

const defaults = {
  unackedBytes: 4 * MiB,
  waitingBytesMax: 16 * MiB,
  readAheadBytes: 1 * MiB,
  connectTimeoutMs: 15_000,
  patienceMs: 30_000,
  idleMs: 2_000,
  webSocketRetryMs: 120_000,
  closeTimeoutMs: 10_000,
};

export type ResolvedOptions = Required<JobwireOptions>;

export function resolveJobwireOptions(options: JobwireOptions): ResolvedOptions {
  const {
    token,
    transport = "auto",
    onDataLost = () => undefined,
    webSocket = defaultWebSocket(),
    system = clientSystem,
  } = options;
  const numbers = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[])
    numbers[name] = requireSafeInteger(name, options[name] ?? defaults[name], 1);
  if (!/^https?:\/\//.test(options.url))
    throw new TypeError(`url must begin with http:// or https://, got ${options.url}`);
  if (!transports.includes(transport))
    throw new TypeError(`transport must be one of ${transports.join(", ")}, got ${transport}`);
  const url = options.url.replace(/\/+$/, "");
  return { url, token, transport, onDataLost, webSocket, system, ...numbers };
}
