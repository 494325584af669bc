import type { ProcessSpec, ProcessView } from "../core/broker/views.ts";
import type { ProcessState } from "../core/process-record.ts";
import type { JsonProcess } from "../protocol/json-form.ts";
import { decodeProcess, encodeProcessSpec } from "../protocol/process-form.ts";
import { raceLimit } from "./abort.ts";
import type { ConnectionState } from "./connection.ts";
import { executeJob, type ExecuteOptions } from "./execute.ts";
import { processPath } from "./http.ts";
import type { Job } from "./job.ts";
import { resolveJobwireOptions, type JobwireOptions } from "./options.ts";
import { ProcessHandle, type WatchOptions } from "./process.ts";
import { iterateWatch } from "./process-changes.ts";
import { Session } from "./session.ts";
import { followWakeUps } from "./wake-up.ts";
import { Watch, type ProcessChange } from "./watch.ts";

const processIdLength = 20;

export interface ListOptions {
  readonly state?: ProcessState;
  readonly label?: string;
  /** Id after which the page begins. */
  readonly after?: string;
  readonly limit?: number;
}

export interface ProcessPage {
  readonly processes: readonly ProcessView[];
  /** `after` of the following page; absent on the last. */
  readonly next?: string;
}

let readSession: (wire: Jobwire) => Session;

/** For what shares a client's connection without being part of the library. */
export function sessionOf(wire: Jobwire): Session {
  return readSession(wire);
}

/**
 * A client of one server in the name of one identity. Connects when something needs it, and comes back by
 * itself. Each instance is a producer of its own.
 */
export class Jobwire {
  static {
    readSession = (wire) => wire.#session;
  }

  readonly #session: Session;
  readonly #unfollow: () => void;

  constructor(options: JobwireOptions) {
    this.#session = new Session(resolveJobwireOptions(options));
    this.#unfollow = followWakeUps(() => this.#session.connection.wake());
  }

  /** Without an id it gets a random one here, so that a repeat creates nothing twice. */
  async createProcess(spec: ProcessSpec): Promise<ProcessView> {
    const id = spec.id ?? this.#session.system.randomId(processIdLength);
    const json = encodeProcessSpec({ ...spec, id });
    const answer = await this.#session.http.persist("POST", processPath(), { json });
    return decodeProcess(answer as JsonProcess);
  }

  async listProcesses(options: ListOptions = {}): Promise<ProcessPage> {
    const answer = await this.#session.http.persist("GET", processPath(), {
      query: { ...options },
    });
    const { processes, next } = answer as {
      readonly processes: readonly JsonProcess[];
      readonly next?: string;
    };
    return { processes: processes.map(decodeProcess), ...(next === undefined ? {} : { next }) };
  }

  /** Those that the caller may see: each now, then each that changes or is deleted. */
  watch({ signal }: WatchOptions = {}): AsyncGenerator<ProcessChange, void, undefined> {
    const { connection, system } = this.#session;
    return iterateWatch(new Watch(connection, system), signal);
  }

  process(id: string): ProcessHandle {
    return new ProcessHandle(this.#session, id);
  }

  /** Runs a job as the process's executor and closes the process with what became of it. */
  async execute<Result>(
    processId: string,
    run: (job: Job) => Promise<Result> | Result,
    options: ExecuteOptions = {},
  ): Promise<Result> {
    return await executeJob(this.#session, processId, run, options);
  }

  /** The state of the connection now and from now on. The result ends it. */
  onState(listener: (state: ConnectionState) => void): () => void {
    return this.#session.connection.states.add(listener);
  }

  /** Waits until what was sent is acknowledged; then everything ends. Rejects with `request_timeout` if that takes too long. */
  async close(): Promise<void> {
    const { connection, options, system } = this.#session;
    const settled = this.#session.settled();
    try {
      await raceLimit(settled, new AbortController(), system, options.closeTimeoutMs);
    } finally {
      this.#unfollow();
      connection.close();
    }
  }
}
