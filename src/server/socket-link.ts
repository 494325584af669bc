import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import { ChannelError, isChannelError } from "../core/errors.ts";
import { encodeMessage } from "../protocol/frame.ts";
import type { EncodedMessage } from "../protocol/frame.ts";
import type { FrameError, ServerMessage } from "../protocol/socket-message.ts";
import { encodeFrameError } from "../protocol/socket-message.ts";
import type { EncodedPages } from "./encoded-pages.ts";
import type { SocketOutbox } from "./socket-outbox.ts";

/** What subscriptions, producers and watches of one socket share. */
export interface SocketLink {
  readonly broker: Broker;
  readonly outbox: SocketOutbox;
  readonly pages: EncodedPages;
  /** By the token that is in use now. */
  readonly caller: Caller;
  /** Looks again whether the client is to be read: of what its messages lead to, there is more or less. */
  pauseOrResume(): void;
  logFailure(error: unknown): void;
}

/** What a client began under an id of a socket. */
export type RequestKind = "subscribe" | "produce" | "watch";

/** Keeps the subscriptions, producers and watches of a socket, and is told of them. */
export interface RequestOwner {
  /** The client was told its end, or is about to be. */
  ended(kind: RequestKind, id: number): void;
  /** The answers of appends of so many bytes were taken. */
  answered(bytes: number): void;
}

export type PlainMessage = Exclude<ServerMessage, { readonly kind: "entries" }>;

export function encodePlain(message: PlainMessage): EncodedMessage {
  return encodeMessage(message);
}

export function send({ outbox }: SocketLink, message: PlainMessage): void {
  outbox.send(encodePlain(message));
}

/** What the peer is told of a failure; one that is not expected is logged, and tells nothing. */
export function toFrameError(link: SocketLink, error: unknown): FrameError {
  if (isChannelError(error)) return encodeFrameError(error);
  link.logFailure(error);
  return encodeFrameError(new ChannelError("internal_error", {}, { cause: error }));
}
