import type { Caller } from "../../src/core/broker/caller.ts";
import { isChannelError } from "../../src/core/errors.ts";
import type { ChannelError, ErrorCode } from "../../src/core/errors.ts";
import { grantIdentityOf } from "./cluster-truth.ts";
import type { LentGrant } from "./cluster-truth.ts";
import { ask, fail, pass, submitter } from "./cluster-world.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import type { SentCall } from "./sent-calls.ts";

/** Attempts after which a client gives up. */
const attemptsMax = 6;
const retryMs = 300;
/** Of a producer's name, where heads are to be large. */
const paddingLength = 110;

/** Somebody who may append: the submitter, or an executor of some term. */
export interface Sender {
  readonly caller: Caller;
  readonly term?: number;
}

/** Refusals after which the same call may succeed. */
const passing: readonly ErrorCode[] = [
  ...(["sequence_gap", "store_full", "overloaded", "channel_full"] as const),
  "rate_limit_exceeded",
];
/** Refusals that a producer meets whose role, process or channel has ended. */
const final: readonly ErrorCode[] = [
  ...(["executor_fenced", "process_closed", "process_not_found", "unauthorized"] as const),
];

/** What a producer knows before a call, and what so has to be true of its answer. */
interface Known {
  /** Sequence behind all that is acknowledged. */
  readonly known: number;
  readonly hadRole: boolean;
}

/** One writing instance: numbers its entries, and sends each call until it is answered. */
export class Producer {
  readonly #world: ClusterWorld;
  readonly #client: string;
  readonly #sender: Sender;
  readonly #place: { readonly processId: string; readonly channel: string };
  readonly #name: string;
  readonly #epoch: string | undefined;
  #lastSequence = 0;
  #acknowledged: SentCall[] = [];
  #isOver = false;

  constructor(
    world: ClusterWorld,
    client: string,
    sender: Sender,
    place: { readonly processId: string; readonly channel: string },
  ) {
    this.#world = world;
    this.#client = client;
    this.#sender = sender;
    this.#place = place;
    const name = world.nextName("producer");
    this.#name = world.hasLargeHeads ? name.padEnd(paddingLength, "x") : name;
    this.#epoch = world.truth.recordOf(place.processId)?.epoch;
  }

  /** Its place or its right is gone, or something of it is in doubt for good. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #known(): Known {
    const known = this.#acknowledged.reduce(
      (next, { sequence = 0, contents }) => Math.max(next, sequence + contents.length),
      1,
    );
    return { known, hadRole: this.#hasRole() };
  }

  #hasRole(): boolean {
    const record = this.#world.truth.recordOf(this.#place.processId);
    if (record?.epoch !== this.#epoch || record?.outcome !== undefined) return false;
    const { caller, term } = this.#sender;
    if (record?.settling?.kind === "tombstone") return false;
    if (caller.grant !== undefined)
      return record?.grants.some(({ id }) => id === caller.grant?.grantId) === true;
    if (term === undefined) return caller.identity === record?.submitterId;
    return caller.identity === record?.executorId && term === record.assignTerm;
  }

  /** Sends the next call, and waits for nothing but its own answer. */
  async append(entryCount: number): Promise<void> {
    const sequence = this.#lastSequence + 1;
    this.#lastSequence += entryCount;
    const name = this.#world.nextName("call");
    const contents = Array.from({ length: entryCount }, (_, index) => `${name}.${index}`);
    const call: SentCall = {
      ...{ name, client: this.#client, ...this.#place, contents, sequence },
      producer: { name: this.#name, epoch: this.#epoch },
      ...(this.#sender.term === undefined ? {} : { term: this.#sender.term }),
    };
    if (await this.#send(call)) this.#acknowledged.push(call);
    else this.#isOver = true;
  }

  /** Sends something again that is in: it must stay where it is. */
  async repeat(): Promise<void> {
    const call = this.#acknowledged[this.#world.random(this.#acknowledged.length || 1)];
    if (call === undefined) return;
    const { calls } = this.#world;
    const known = this.#known();
    // It may meet the next life of the process, and be new there.
    calls.send(call);
    const answer = await ask(this.#world, (broker) => this.#call(broker, call));
    if (answer.kind === "done") calls.acknowledge(call, answer.value);
    else calls.doubt(call);
    if (answer.kind === "refused") this.#requireRight(call, known, answer.error);
  }

  /** Until it is acknowledged, or given up. */
  async #send(call: SentCall): Promise<boolean> {
    const { calls, random } = this.#world;
    for (let attempt = 0; attempt < attemptsMax && !this.#isOver; attempt++) {
      if (attempt > 0) await pass(this.#world, random(retryMs));
      const known = this.#known();
      calls.send(call);
      const answer = await ask(this.#world, (broker) => this.#call(broker, call));
      if (answer.kind === "done") {
        calls.acknowledge(call, answer.value);
        return answer.value.cursor.epoch === this.#epoch;
      }
      if (answer.kind === "inDoubt") {
        calls.doubt(call);
        continue;
      }
      calls.refuse(call);
      this.#requireRight(call, known, answer.error);
      if (!passing.includes(answer.error.code)) return false;
    }
    return false;
  }

  #call(broker: Parameters<Parameters<typeof ask>[1]>[0], call: SentCall) {
    const { processId, channel, contents, sequence = 0 } = call;
    const entries = contents.map((payload, index) => ({ payload, sequence: sequence + index }));
    const { caller, term } = this.#sender;
    return broker.append(caller, processId, channel, entries, {
      producer: this.#name,
      ...(term === undefined ? {} : { term }),
    });
  }

  /** What was acknowledged before a call is never asked for again, and what is repeated is no other message. */
  #requireRight(call: SentCall, { known, hadRole }: Known, error: ChannelError): void {
    const { truth, mayBeStale } = this.#world;
    // In the next life of the process nobody knows of this producer.
    if (mayBeStale || truth.recordOf(call.processId)?.epoch !== this.#epoch) return;
    if (isChannelError(error, "sequence_gap") && error.details.expectedSequence >= known) return;
    const isRole = error.code === "executor_fenced" || error.code === "unauthorized";
    if (isRole && hadRole && this.#hasRole()) fail(`${call.name} was refused: ${error.message}`);
    if (error.code !== "sequence_gap" && [...passing, ...final].includes(error.code)) return;
    fail(`${call.name}, behind sequence ${known - 1}, was refused: ${error.message}`);
  }
}

/** An append without a producer: nobody could tell a second attempt from another message. */
export async function appendOnce(
  world: ClusterWorld,
  client: string,
  { caller, term }: Sender,
  place: { readonly processId: string; readonly channel: string },
): Promise<void> {
  const name = world.nextName("single");
  const call: SentCall = {
    ...{ name, client, ...place, contents: [name] },
    ...(term === undefined ? {} : { term }),
  };
  world.calls.send(call);
  const answer = await ask(world, (broker) =>
    broker.append(caller, place.processId, place.channel, [{ payload: name }], {
      ...(term === undefined ? {} : { term }),
    }),
  );
  if (answer.kind === "done") world.calls.acknowledge(call, answer.value);
  else if (answer.kind === "inDoubt") world.calls.doubt(call);
  else world.calls.refuse(call);
}

export const asSubmitter: Sender = { caller: submitter };

export function asGrantHolder(grant: LentGrant): Sender {
  return { caller: { identity: grantIdentityOf(grant), isAdmin: false, grant } };
}
