import type { ProcessChange, ProcessWatch } from "../core/broker/process-watch.ts";
import type { EncodedMessage } from "../protocol/frame.ts";
import { encodeProcess } from "../protocol/json-form.ts";
import { encodePlain, send, toFrameError } from "./socket-link.ts";
import type { PlainMessage, RequestOwner, SocketLink } from "./socket-link.ts";
import type { OutboxSource } from "./socket-outbox.ts";

/** Processes on a socket: those that there are, and each that changes. */
export class SocketWatch implements OutboxSource {
  readonly #id: number;
  readonly #link: SocketLink;
  readonly #owner: RequestOwner;
  #watch: ProcessWatch | undefined;
  #changes: readonly ProcessChange[] = [];
  /** Of the changes, those before it were told. */
  #next = 0;
  #isWaiting = false;
  #isSynced = false;
  #isClosed = false;

  constructor(id: number, link: SocketLink, owner: RequestOwner) {
    this.#id = id;
    this.#link = link;
    this.#owner = owner;
  }

  async open(processId: string | undefined): Promise<void> {
    const { broker, caller } = this.#link;
    try {
      const options = processId === undefined ? {} : { processId };
      const watch = await broker.watchProcesses(caller, options);
      if (this.#isClosed) {
        watch.close();
        return;
      }
      this.#watch = watch;
      this.#wait(watch);
    } catch (error) {
      this.#fail(error);
    }
  }

  take(): EncodedMessage | undefined {
    const watch = this.#watch;
    if (watch === undefined || this.#isWaiting) return undefined;
    const id = this.#id;
    if (watch.isClosed) {
      this.close();
      this.#owner.ended("watch", id);
      const reason = watch.isRevoked ? "revoked" : "shutdown";
      return encodePlain({ kind: "end", id, reason });
    }
    const change = this.#changes[this.#next++];
    if (change !== undefined) return encodePlain(toMessage(id, change));
    if (watch.hasToldAll && !this.#isSynced) {
      this.#isSynced = true;
      return encodePlain({ kind: "synced", id });
    }
    this.#wait(watch);
    return undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
    this.#watch = undefined;
    this.#link.outbox.remove(this);
  }

  /** The next changes are taken once those before were: of what changes meanwhile, the newest is kept. */
  #wait(watch: ProcessWatch): void {
    this.#isWaiting = true;
    watch.next().then(
      (changes) => {
        this.#isWaiting = false;
        this.#changes = changes;
        this.#next = 0;
        this.#link.outbox.ready(this);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const told = toFrameError(this.#link, error);
    send(this.#link, { kind: "end", id: this.#id, reason: "failed", error: told });
    this.#owner.ended("watch", this.#id);
  }
}

function toMessage(id: number, change: ProcessChange): PlainMessage {
  return "process" in change
    ? { kind: "process", id, process: encodeProcess(change.process) }
    : { kind: "deleted", id, process: change.deleted };
}
