import type { GrantView } from "../core/broker/grants.ts";
import type { ChannelView, ProcessView } from "../core/broker/views.ts";
import { requireSafeInteger } from "../core/entry.ts";
import type { GrantOp, Outcome } from "../core/process-record.ts";
import { encodeOutcome } from "../protocol/json-form.ts";
import type { JsonChannel, JsonGrant, JsonProcess } from "../protocol/json-form.ts";
import { decodeChannelView, decodeGrant, decodeProcess } from "../protocol/process-form.ts";
import { Channel } from "./channel.ts";
import { processPath, type PersistentRequest } from "./http.ts";
import { iterateWatch } from "./process-changes.ts";
import type { Session } from "./session.ts";
import { Watch } from "./watch.ts";

export interface WatchOptions {
  readonly signal?: AbortSignal;
}

export interface AssignOptions {
  /** Silence after which the executor is taken for lost; renewed by `renewLease` and by each append. */
  readonly leaseMs?: number;
}

export type CloseOptions = Pick<PersistentRequest, "signal" | "patienceMs">;

export interface GrantOptions {
  readonly ops: readonly GrantOp[];
  /** All unless given. */
  readonly channels?: readonly string[];
  /** A day unless given. */
  readonly expiresInMs?: number;
}

/** A grant that was just made. */
export interface NewGrant extends GrantView {
  /** What its holder presents as a token. Told this once. */
  readonly grant: string;
}

/** A process as one client uses it. Operations are repeated while the server is away, as long as `patienceMs` allows. */
export class ProcessHandle {
  readonly id: string;
  readonly #session: Session;

  /** Made by `Jobwire.process`. */
  constructor(session: Session, id: string) {
    this.#session = session;
    this.id = id;
  }

  channel(name: string): Channel {
    // Made once: a text that is made for each entry has to be hashed for each.
    const key = `${this.id}/${name}`;
    const producer = () => this.#session.producer(key, this.id, name);
    return new Channel(this.#session, this.id, name, producer);
  }

  async get(): Promise<ProcessView> {
    return await this.#change("GET", "");
  }

  /** Its state now and after each change, until it is deleted. */
  async *watch({ signal }: WatchOptions = {}): AsyncGenerator<ProcessView, void, undefined> {
    const { connection, system } = this.#session;
    const watch = new Watch(connection, system, this.id);
    for await (const change of iterateWatch(watch, signal)) {
      if (change.kind === "deleted") return;
      yield change.process;
    }
  }

  /** `term` of the answer is what the new executor's appends may carry. */
  async assign(executorId: string, { leaseMs }: AssignOptions = {}): Promise<ProcessView> {
    const json = { executorid: executorId, leasems: leaseMs };
    return await this.#change("PUT", "/executor", { json });
  }

  async renewLease(term?: number, signal?: AbortSignal): Promise<ProcessView> {
    return await this.#change("POST", "/lease", { query: { term }, signal });
  }

  /** Asks the executor to stop; what nobody runs is closed. */
  async cancel(): Promise<ProcessView> {
    return await this.#change("POST", "/cancel");
  }

  async close(outcome: Outcome, term?: number, options: CloseOptions = {}): Promise<ProcessView> {
    const json = { outcome: encodeOutcome(outcome) };
    return await this.#change("POST", "/close", { ...options, query: { term }, json });
  }

  async delete(): Promise<void> {
    await this.#session.http.persist("DELETE", processPath(this.id));
  }

  async channels(): Promise<ChannelView[]> {
    const answer = await this.#session.http.persist("GET", processPath(this.id, "/channels"));
    return (answer as { readonly channels: readonly JsonChannel[] }).channels.map(
      decodeChannelView,
    );
  }

  /** Not repeated where it is in doubt: each makes another one. */
  async grant({ ops, channels, expiresInMs }: GrantOptions): Promise<NewGrant> {
    const json = {
      ops,
      channels,
      expiresin:
        expiresInMs === undefined
          ? undefined
          : Math.ceil(requireSafeInteger("expiresInMs", expiresInMs, 1) / 1000),
    };
    const path = processPath(this.id, "/grants");
    const made = (await this.#session.http.request("POST", path, { json })) as JsonGrant & {
      readonly grant: string;
    };
    return { ...decodeGrant(made), grant: made.grant };
  }

  async grants(): Promise<GrantView[]> {
    const answer = await this.#session.http.persist("GET", processPath(this.id, "/grants"));
    return (answer as { readonly grants: readonly JsonGrant[] }).grants.map(decodeGrant);
  }

  async revoke(grantId: string): Promise<void> {
    const path = processPath(this.id, `/grants/${encodeURIComponent(grantId)}`);
    await this.#session.http.persist("DELETE", path);
  }

  async #change(
    method: string,
    rest: string,
    request: PersistentRequest = {},
  ): Promise<ProcessView> {
    const answer = await this.#session.http.persist(method, processPath(this.id, rest), request);
    return decodeProcess(answer as JsonProcess);
  }
}
