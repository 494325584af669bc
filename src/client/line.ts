import type { ChannelError } from "../core/errors.ts";
import type { Link, LinkMessage, LinkRequest } from "./link.ts";

/** A message that concerns one subscription, producer or watch. */
export type LaneMessage = Exclude<LinkMessage, { readonly kind: "token" }>;

/** Something that wants to go on over whatever link there is: a reader, a producer, a watch. */
export interface Lane {
  /** Whether it wants a link now. One that does not is attached all the same where there is one. */
  readonly isNeedy: boolean;
  attach(line: Line): void;
  /** The link is gone; what was sent over it and not answered is in doubt. */
  detach(): void;
  /** There will be no other link. */
  fail(error: ChannelError): void;
}

/** A link with the ids that lanes have opened on it. */
export class Line {
  readonly #link: Link;
  readonly #onBroken: (error: ChannelError) => void;
  readonly #receivers = new Map<number, (message: LaneMessage) => void>();
  #lastId = 0;

  constructor(link: Link, onBroken: (error: ChannelError) => void) {
    this.#link = link;
    this.#onBroken = onBroken;
  }

  get appendBytesMax(): number {
    return this.#link.appendBytesMax;
  }

  get appendsMax(): number {
    return this.#link.appendsMax;
  }

  /** A new id, and who gets what comes for it. */
  open(receive: (message: LaneMessage) => void): number {
    this.#lastId += 1;
    this.#receivers.set(this.#lastId, receive);
    return this.#lastId;
  }

  send(message: LinkRequest): void {
    this.#link.send(message);
  }

  /** What still comes for it has crossed on the way. */
  forget(id: number): void {
    this.#receivers.delete(id);
  }

  receive(message: LaneMessage): void {
    this.#receivers.get(message.id)?.(message);
  }

  /** The server has broken a rule: nothing that it says over this link is believed any more. */
  break(error: ChannelError): void {
    this.#onBroken(error);
  }
}
