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
  readonly caller: () => Caller;
  readonly logFailure: (error: unknown) => void;
}

export type PlainMessage = Exclude<ServerMessage, { readonly kind: "entries" }>;

export function encodePlain(message: PlainMessage): EncodedMessage {
  return encodeMessage(message);
}

export function send({ outbox }: SocketLink, message: PlainMessage): void {
  outbox.send(encodePlain(message));
}

/** What the peer is told of a failure; one that is not expected is logged, and tells nothing. */
export function toFrameError({ logFailure }: SocketLink, error: unknown): FrameError {
  if (isChannelError(error)) return encodeFrameError(error);
  logFailure(error);
  return encodeFrameError(new ChannelError("internal_error", {}, { cause: error }));
}
