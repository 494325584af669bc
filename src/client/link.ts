import type { ChannelError } from "../core/errors.ts";
import type { ClientMessage, ServerMessage } from "../protocol/socket-message.ts";

/** How soon a server has to answer a probe. */
export const probeMs = 5_000;

/** What `decodeError` makes an error of: one as it came over a wire, or one itself. */
export interface LinkError {
  readonly code: string;
  readonly details: object;
  readonly retryafterms?: number;
}

/** What comes over a link besides what keeps the link itself alive. */
export type LinkMessage = Exclude<
  ServerMessage<LinkError>,
  { readonly kind: "welcome" | "ping" | "pong" }
>;

export interface LinkSink {
  /**
   * Once, before anything else: what is sent from now on is taken. When the token expires is in
   * milliseconds since 1970; NaN where the server does not say.
   */
  opened(tokenExpiresAt: number): void;
  received(message: LinkMessage): void;
  /** Once, and nothing after it. `request_timeout`: the other end fell silent. */
  closed(error: ChannelError): void;
}

export type LinkRequest = Exclude<ClientMessage, { readonly kind: "hello" | "ping" | "pong" }>;

/**
 * One live way to the server, which speaks the messages of PROTOCOL §7 whatever carries them. Never tries
 * anything again: it works until it is closed.
 */
export interface Link {
  /** Bytes up to which appends are gathered, and appends of one producer that may be under way. */
  readonly appendBytesMax: number;
  readonly appendsMax: number;
  send(message: LinkRequest): void;
  /** Makes sure soon that the other end is still there. */
  probe(): void;
  /** The sink hears nothing any more. */
  close(): void;
}
