import type { AppendAck } from "../../src/core/broker/views.ts";
import type { ProcessRecord } from "../../src/core/process-record.ts";
import type { HistoryEvent } from "../../src/testing/history-events.ts";
import { logName } from "./cluster-truth.ts";
import type { ClusterTruth } from "./cluster-truth.ts";

/** An append as its client sends it, maybe several times. */
export interface SentCall {
  readonly name: string;
  readonly client: string;
  readonly processId: string;
  readonly channel: string;
  readonly contents: readonly string[];
  /** Sequence of the first content, with a producer. */
  readonly sequence?: number;
  /** With the epoch in which it began: in the next one its calls may come in any order. */
  readonly producer?: { readonly name: string; readonly epoch: string | undefined };
  readonly term?: number;
}

interface Sent {
  /** Those that it may be in. */
  readonly logs: Set<string>;
  isUnderWay: boolean;
  /** Some attempt has no answer: a node may still be at it. */
  wasInDoubt: boolean;
}

/**
 * Reports calls to the checker. A client names a process, not its life: what is sent again, or still under way
 * somewhere, may meet the next one, so it counts as sent to each life that comes meanwhile.
 */
export class SentCalls {
  readonly #truth: ClusterTruth;
  readonly #observe: (event: HistoryEvent) => void;
  readonly #sent = new Map<SentCall, Sent>();

  constructor(truth: ClusterTruth, observe: (event: HistoryEvent) => void) {
    this.#truth = truth;
    this.#observe = observe;
  }

  send(call: SentCall): void {
    const sent = this.#sent.get(call) ?? {
      ...{ logs: new Set(), isUnderWay: true, wasInDoubt: false },
    };
    sent.isUnderWay = true;
    this.#sent.set(call, sent);
    const record = this.#truth.recordOf(call.processId);
    if (record !== undefined) sent.logs.add(logName(record.id, record.epoch, call.channel));
    for (const log of sent.logs) this.#report(call, log);
  }

  acknowledge(call: SentCall, { entries, cursor }: AppendAck): void {
    const acknowledged = logName(call.processId, cursor.epoch, call.channel);
    // A repeat that is too old to be found is a success that does not say where it is.
    if (entries.some(({ compared }) => !compared)) return this.doubt(call);
    const positions = entries.map(({ position }) => position);
    this.#answer(call, (log) =>
      log === acknowledged
        ? { kind: "appendAcknowledged", log, call: call.name, positions }
        : { kind: "appendInDoubt", log, call: call.name },
    );
  }

  /** No answer: it may be sent again, or get in by itself. */
  doubt(call: SentCall): void {
    const sent = this.#sent.get(call);
    if (sent !== undefined) sent.wasInDoubt = true;
    this.#answer(call, (log) => ({ kind: "appendInDoubt", log, call: call.name }));
  }

  refuse(call: SentCall): void {
    this.#answer(call, (log) => ({ kind: "appendRefused", log, call: call.name }));
  }

  /** A process has begun, with a name that may have been used before. */
  beginLife({ id, epoch }: ProcessRecord): void {
    for (const [call, { logs, isUnderWay }] of this.#sent) {
      const log = logName(id, epoch, call.channel);
      if (call.processId !== id || logs.has(log)) continue;
      logs.add(log);
      this.#report(call, log);
      if (!isUnderWay) this.#observe({ kind: "appendInDoubt", log, call: call.name });
    }
  }

  #answer(call: SentCall, toEvent: (log: string) => HistoryEvent): void {
    const sent = this.#sent.get(call);
    if (sent === undefined) return;
    sent.isUnderWay = false;
    for (const log of sent.logs) this.#observe(toEvent(log));
    if (!sent.wasInDoubt) this.#sent.delete(call);
  }

  #report({ name, client, contents, producer, term }: SentCall, log: string): void {
    const isOrdered = producer?.epoch !== undefined && log.includes(producer.epoch);
    this.#observe({
      ...{ kind: "appendSent", log, call: name, contents, client },
      ...(isOrdered ? { producer: producer.name } : {}),
      ...(term === undefined ? {} : { term }),
    });
  }
}
