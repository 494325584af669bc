import type { ChannelHead } from "../channel-head.ts";
import type { ChannelLog } from "../channel-log.ts";
import { ChannelError } from "../errors.ts";
import type { MsgEntry } from "../entry.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";
import type { ProducerState } from "../producers.ts";
import { judgeCall, lastCommitted, requireOpen, requireRoom } from "./admission.ts";
import type { Admitted, LogState } from "./admission.ts";
import type { AppendCall } from "./append-call.ts";
import { cutPosition } from "./batch-cut.ts";
import type { OpenProcess } from "./open-process.ts";
import { toChannelError } from "./store-error.ts";

/** The calls of one channel that are admitted and not durable yet, and the rules that admit them. */
export class Staging {
  readonly #process: OpenProcess;
  readonly #spec: ResolvedChannelSpec;
  readonly #log: ChannelLog;
  readonly #headOf: () => ChannelHead;
  /** In order of admission. */
  #calls: AppendCall[] = [];
  /** States of producers that have staged entries. */
  readonly #producers = new Map<string, ProducerState>();
  #bytes = 0;
  #doubt: { readonly error: ChannelError; readonly calls: ReadonlySet<AppendCall> } | undefined;
  /** Term of the record that all calls were admitted under. */
  #admittedTerm = 0;

  constructor(
    process: OpenProcess,
    spec: ResolvedChannelSpec,
    log: ChannelLog,
    headOf: () => ChannelHead,
  ) {
    this.#process = process;
    this.#spec = spec;
    this.#log = log;
    this.#headOf = headOf;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** Bytes of their entries, those of the batch under way counted. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Tells new entries from repeats, for one who may append. */
  judge(call: AppendCall, olderEntries?: readonly MsgEntry[]): Admitted {
    this.#requireLog();
    this.#process.requireAppend(call, this.#spec, lastCommitted(call, this.#headOf()));
    return judgeCall(call, this.#state(olderEntries), this.#process.limits, this.#process.now());
  }

  /**
   * Stages what was judged, if it is not too late, too much or too often: in the seed's order, and with the
   * tokens taken last, so that a refusal takes none.
   */
  admit(call: AppendCall, admitted: Admitted): void {
    const state = this.#state();
    const count = admitted.added.length;
    requireOpen(call, state, this.#process.record.id, this.#process.isClosing);
    this.#process.rates.require(call.caller.identity, count);
    requireRoom(admitted, state);
    this.#process.requireBudget(admitted.addedBytes);
    this.#process.rates.take(call.caller.identity, count);
    this.#stage(call, admitted);
  }

  /** Fixes the next batch and returns its entries. */
  handOver(): readonly MsgEntry[] {
    const { batchEntriesMax, batchBytesMax: bytesMax } = this.#process.limits;
    const isSmall = this.#bytes <= bytesMax;
    const limits = { entriesMax: batchEntriesMax, bytesMax, isSmall };
    return this.#log.handOver(cutPosition(this.#log, this.#calls, limits));
  }

  /** Calls of the batch under way: their entries have positions, but are not durable. */
  handedOver(): readonly AppendCall[] {
    return this.#calls.filter((call) => (call.added[0]?.position ?? 0) > 0);
  }

  /**
   * Nobody knows what became of the batch under way, until this is called without an error: its calls are told
   * that, and nothing else, whatever is found in its place.
   */
  setDoubt(error: ChannelError | undefined): void {
    this.#doubt = error && { error, calls: new Set(this.handedOver()) };
  }

  /** The batch under way is durable. Its calls are returned, to be told once it can be read. */
  commit(bytes: number): readonly AppendCall[] {
    const done = this.handedOver();
    this.#calls = this.#calls.filter((call) => call.added[0]?.position === 0);
    this.#countBytes(-bytes);
    if (this.isEmpty) this.#producers.clear();
    return done;
  }

  /** Takes calls out; who stood behind them is judged anew. */
  drop(calls: readonly AppendCall[]): void {
    const dropped = new Set(calls);
    this.#calls = this.#calls.filter((call) => !dropped.has(call));
    this.admitAgain();
  }

  /** Takes all calls out. */
  dropAll(): readonly AppendCall[] {
    const calls = this.#calls;
    this.drop(calls);
    return calls;
  }

  /** Judges everything anew if the authority has changed since. */
  followAuthority(): void {
    if (this.#admittedTerm !== this.#process.record.term) this.admitAgain();
  }

  /** Takes everything back and judges it anew, in order, against the log as it is now. Not the rate. */
  admitAgain(): void {
    const doubt = this.#doubt;
    for (const call of doubt?.calls ?? []) call.settled.reject(doubt?.error);
    this.#log.rollback();
    const calls = this.#calls.filter((call) => doubt?.calls.has(call) !== true);
    this.#calls = [];
    this.#producers.clear();
    this.#countBytes(-this.#bytes);
    this.#admittedTerm = this.#process.record.term;
    for (const call of calls) {
      try {
        this.#admitOne(call);
      } catch (error) {
        call.settled.reject(toChannelError(error));
      }
    }
  }

  #admitOne(call: AppendCall): void {
    this.#requireLog();
    const lastSequence = lastCommitted(call, this.#headOf());
    this.#process.requireAppend(call, this.#spec, lastSequence, { isAgain: true });
    const state = this.#state([]);
    const admitted = judgeCall(call, state, this.#process.limits, this.#process.now());
    for (const holder of admitted.waitsFor) call.waitsFor.add(holder);
    if (admitted.added.length === 0) {
      call.outcomes = admitted.outcomes;
      call.settled.resolve();
      return;
    }
    requireOpen(call, state, this.#process.record.id, this.#process.isClosing);
    requireRoom(admitted, state);
    this.#stage(call, admitted);
  }

  /** Of a deleted log nothing is left that could tell a repeat from news. Throws `process_not_found`. */
  #requireLog(): void {
    if (!this.#headOf().isDeleted) return;
    throw new ChannelError("process_not_found", { processId: this.#process.record.id });
  }

  #stage(call: AppendCall, admitted: Admitted): void {
    if (this.isEmpty) this.#admittedTerm = this.#process.record.term;
    call.outcomes = admitted.outcomes;
    call.added = admitted.added;
    for (const entry of admitted.added) this.#log.stage(entry, admitted.late.has(entry));
    for (const [key, state] of admitted.producers) this.#producers.set(key, state);
    this.#calls.push(call);
    this.#countBytes(admitted.addedBytes);
  }

  #countBytes(bytes: number): void {
    this.#bytes += bytes;
    this.#process.budget.stagedBytes += bytes;
  }

  #state(olderEntries?: readonly MsgEntry[]): LogState {
    return {
      spec: this.#spec,
      head: this.#headOf(),
      log: this.#log,
      staged: this.#producers,
      stagedBytes: this.#bytes,
      callOf: (entry) => this.#calls.find((call) => call.added.some((added) => added === entry)),
      olderEntries,
    };
  }
}
