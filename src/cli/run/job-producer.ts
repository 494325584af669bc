import { createDeferred, type Deferred } from "../../core/deferred.ts";
import { isChannelError } from "../../core/errors.ts";
import { randomId } from "../../core/system.ts";
import type { Api } from "../api.ts";
import type { JobProcess } from "./job-process.ts";

const producerIdLength = 16;

/** What a producer is given: it adds its id and the sequence. */
export interface NewEntry {
  readonly payload?: Uint8Array;
  readonly type?: string;
}

export interface JobProducerOptions {
  readonly process: JobProcess;
  readonly channel: string;
  readonly signal: AbortSignal;
  /** In whose name it appends; the executor's appends carry the term. */
  readonly role: "executor" | "submitter";
  readonly onAcknowledged?: (entry: NewEntry, position: number) => void;
  /** What a process that was created again gets first. Asked again, it gives what is not acknowledged yet. */
  readonly renewedEntries?: () => readonly NewEntry[];
  /** Entries that had been acknowledged are gone from a server that still knows the process. */
  readonly onDataLost?: () => void;
  /** What waits is about the process before: one that was created again does not get it. */
  readonly forgetsPending?: boolean;
}

interface Pending {
  readonly entry: NewEntry;
  readonly isRenewed: boolean;
  /** Of the process when it was given. */
  readonly generation: number;
  readonly acknowledged: Deferred<number>;
}

/**
 * One writing instance of a job's channel, which goes on in a process that was created again. Each entry
 * is added once however often it is sent. One append at a time; what gathers meanwhile is the caller's.
 *
 * The client's own producer ends with its process and knows nothing that has to come before what waits: here
 * an acknowledgement counts only once it is known to be of the present process, whose channel begins with
 * what is lost. Only `run` creates a process again, so that this stays here rather than in every page.
 */
export class JobProducer {
  readonly #options: JobProducerOptions;
  readonly #process: JobProcess;
  readonly #api: Api;
  #id = randomId(producerIdLength);
  /** The last one that was acknowledged under this id. */
  #sequence = 0;
  #lastPosition = 0;
  #generation: number;
  #pending: Pending[] = [];
  #isFirstReceived = false;
  #delivering: Promise<void> | undefined;
  #failure: { readonly error: Error } | undefined;

  constructor(options: JobProducerOptions) {
    this.#options = options;
    this.#process = options.process;
    this.#api = options.process[options.role];
    this.#generation = options.process.generation;
    options.process.onRestored(() => this.#start());
  }

  /** By which its entries are known now. */
  get id(): string {
    return this.#id;
  }

  /** Resolves with the entry's position once it is acknowledged; rejects if the server refuses it for good. */
  append(entry: NewEntry): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const pending = createPending(entry, {
      isRenewed: false,
      generation: this.#process.generation,
    });
    this.#pending.push(pending);
    this.#start();
    return pending.acknowledged.promise;
  }

  /** A reader has got this entry, whether or not we hear of its acknowledgement. */
  received(producer: string, sequence: number): void {
    if (producer === this.#id && sequence === this.#sequence + 1) this.#isFirstReceived = true;
  }

  /** Resolves when nothing waits, also not what a process needs that was created again. */
  async settled(): Promise<void> {
    while (this.#delivering !== undefined) await this.#delivering;
  }

  /** Of the last entry of this channel that is acknowledged, once nothing waits; 0 in a process without any. */
  async lastPosition(): Promise<number> {
    await this.settled();
    return this.#lastPosition;
  }

  #start(): void {
    if (this.#failure !== undefined) return;
    this.#delivering ??= this.#deliver().finally(() => (this.#delivering = undefined));
  }

  async #deliver(): Promise<void> {
    try {
      this.#renew();
      while (this.#pending.length > 0)
        await this.#process.retry(() => this.#sendFirst(), this.#options.signal);
    } catch (error) {
      this.#failure = { error: error as Error };
      for (const { acknowledged } of this.#pending) acknowledged.reject(error);
      this.#pending = [];
    }
  }

  async #sendFirst(): Promise<void> {
    this.#renew();
    const [first] = this.#pending;
    if (first === undefined) return;
    const generation = this.#generation;
    let position: number;
    try {
      position = await this.#send(first.entry);
    } catch (error) {
      if (!isChannelError(error, "sequence_gap")) throw error;
      if (await this.#process.hasChangedSince(generation)) return;
      // With one entry under way a gap means that the server has forgotten what it acknowledged.
      this.#options.onDataLost?.();
      this.#beginAnew();
      return;
    }
    // Which of the two processes has taken it is not known; in the new one a repeat adds nothing.
    if (await this.#process.hasChangedSince(generation)) return;
    this.#acknowledgeFirst(position);
  }

  async #send({ payload, type }: NewEntry): Promise<number> {
    const { channel, role, signal } = this.#options;
    const { id: processId, term } = this.#process;
    const place = { processId, channel, producer: this.#id };
    return await this.#api.append(
      role === "executor" ? { ...place, term } : place,
      { sequence: this.#sequence + 1, type, payload },
      signal,
    );
  }

  /** In a process that was created again the sequence begins anew, with what has to come first. */
  #renew(): void {
    if (this.#generation === this.#process.generation) return;
    this.#generation = this.#process.generation;
    if (this.#isFirstReceived) this.#acknowledgeFirst(0);
    // Where nothing was acknowledged the id stays: an append that is still on its way must find its repeat.
    if (this.#sequence > 0) this.#beginAnew();
    this.#lastPosition = 0;
    const renewed = this.#options.renewedEntries?.() ?? [];
    const form = { isRenewed: true, generation: this.#generation };
    this.#pending = [
      ...renewed.map((entry) => createPending(entry, form)),
      ...this.#pending.filter((pending) => this.#isKept(pending)),
    ];
  }

  #isKept({ isRenewed, generation, acknowledged }: Pending): boolean {
    if (isRenewed) return false;
    if (this.#options.forgetsPending !== true || generation === this.#generation) return true;
    acknowledged.resolve(0);
    return false;
  }

  #beginAnew(): void {
    this.#id = randomId(producerIdLength);
    this.#sequence = 0;
  }

  #acknowledgeFirst(position: number): void {
    const first = this.#pending.shift();
    this.#isFirstReceived = false;
    this.#sequence += 1;
    this.#lastPosition = position;
    if (first === undefined) return;
    this.#options.onAcknowledged?.(first.entry, position);
    first.acknowledged.resolve(position);
  }
}

function createPending(entry: NewEntry, form: Pick<Pending, "isRenewed" | "generation">): Pending {
  const acknowledged = createDeferred<number>();
  // What is renewed has nobody who waits for it.
  acknowledged.promise.catch(() => undefined);
  return { entry, ...form, acknowledged };
}
