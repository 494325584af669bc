import type { ProcessView } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import { raceSignal } from "../../client/abort.ts";
import { delay } from "../../client/back-off.ts";
import { UnreachableError, type Api } from "../api.ts";

// Who deletes a process is heard through the watch, but perhaps a moment after another request was refused.
const deletionNoticeMs = 1_000;

/** What of it tells it from one that was created again, and what its executor needs. */
type CreatedProcess = Pick<ProcessView, "term" | "createdAt">;

export interface JobProcessOptions {
  readonly id: string;
  readonly submitter: Api;
  readonly executor: Api;
  /** Asks for it under its id, and gets the one that is there, if there is one. */
  readonly create: () => Promise<CreatedProcess>;
  /** Ends the attempts to create it again. */
  readonly signal: AbortSignal;
}

/**
 * A job's process on the server. Where the server has forgotten it, it is created again under its id:
 * its `generation` rises, its channels are empty, and everybody who writes or reads begins anew.
 */
export class JobProcess {
  readonly id: string;
  readonly submitter: Api;
  readonly executor: Api;
  readonly #create: () => Promise<CreatedProcess>;
  readonly #signal: AbortSignal;
  readonly #listeners: (() => void)[] = [];
  #generation = 0;
  #term = 0;
  #createdAt = 0;
  /** The server has denied it, and nothing has contradicted that yet. */
  #isMissing = false;
  #restoring: Promise<void> | undefined;
  #isAbandoned = false;

  constructor({ id, submitter, executor, create, signal }: JobProcessOptions) {
    this.id = id;
    this.submitter = submitter;
    this.executor = executor;
    this.#create = create;
    this.#signal = signal;
  }

  /** How often it was created again. */
  get generation(): number {
    return this.#generation;
  }

  /** What the executor's requests carry. */
  get term(): number {
    return this.#term;
  }

  /** For the first time: a server that is not there is told at once. */
  async create(): Promise<void> {
    // An id of our own makes this harmless to repeat.
    const created = await this.submitter.retry(this.#create, {
      signal: this.#signal,
      isWorthWaiting: (error) => !(error instanceof UnreachableError),
    });
    this.#adopt(created);
  }

  /** Somebody deleted it or took it over: it is not created again. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Called in the same turn in which the generation rises. */
  onRestored(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Whether it was created again since. Where that is to be found out yet, it is: only then is an answer
   * known to be about the process that was asked. Throws where the server is away.
   */
  async hasChangedSince(generation: number): Promise<boolean> {
    if (this.#isMissing) await this.#restoreOnce();
    return generation !== this.#generation;
  }

  /**
   * Tries until it succeeds or is refused for good, and creates the process again where the server says
   * that there is none. An answer about the process before does not count.
   */
  async retry<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const attemptAnew = async (): Promise<Result> => {
      for (;;) {
        if (this.#isMissing) await raceSignal(this.#restoreOnce(), signal);
        const generation = this.#generation;
        try {
          return await attempt();
        } catch (error) {
          if (signal.aborted) throw error;
          const isDenied = isChannelError(error, "process_not_found");
          if (isDenied && generation === this.#generation) this.#isMissing = true;
          if (await raceSignal(this.hasChangedSince(generation), signal)) continue;
          if (!isDenied || this.#isAbandoned) throw error;
        }
      }
    };
    return await this.executor.retry(attemptAnew, { signal });
  }

  #restoreOnce(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => (this.#restoring = undefined));
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    await delay(this.executor.system, deletionNoticeMs, this.#signal);
    if (this.#isAbandoned) return;
    const created = await this.#create();
    this.#isMissing = false;
    // Creating is the fresh answer: a process that is there after all is returned as it is.
    if (created.createdAt === this.#createdAt) return;
    this.#adopt(created);
    this.#generation += 1;
    for (const listener of this.#listeners) listener();
  }

  #adopt({ term, createdAt }: CreatedProcess): void {
    this.#term = term;
    this.#createdAt = createdAt;
  }
}
