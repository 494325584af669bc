import type { GrantSpec } from "../../src/core/broker/grants.ts";
import type { ProcessSpec, ProcessView } from "../../src/core/broker/views.ts";
import { appendOnce, asGrantHolder, asSubmitter, Producer } from "./cluster-senders.ts";
import type { Sender } from "./cluster-senders.ts";
import { logName } from "./cluster-truth.ts";
import type { LentGrant } from "./cluster-truth.ts";
import { ask, askUntilAnswered, fail, submitter } from "./cluster-world.ts";
import type { ClusterWorld } from "./cluster-world.ts";

export const channels = [
  { name: "out", maxLogEntries: 12, whenFull: "trim" },
  { name: "in" },
] as const;

const outcome = { status: "success" } as const;
/** Of 100 operations the first so many begin and end processes. */
const usesFrom = 5;
const callsAtOnceMax = 3;
const entriesMax = 3;
/** Longer than a history, whichever node's clock it is held against. */
const grantLifeMs = 3_600_000;

/** Somebody who works with processes through any node, one thing after the other. */
export class ClusterClient {
  readonly #world: ClusterWorld;
  readonly #name: string;
  readonly #processIds: readonly string[];
  readonly #producers = new Map<string, Producer>();
  /** The executor that this client is, of each process. */
  readonly #roles = new Map<string, Sender>();
  /** The grant that this client has made last of each process, and not taken back. */
  readonly #grants = new Map<string, LentGrant>();

  constructor(world: ClusterWorld, name: string, processIds: readonly string[]) {
    this.#world = world;
    this.#name = name;
    this.#processIds = processIds;
  }

  /** One random operation. */
  async operate(): Promise<void> {
    const { random, truth, hasLargeHeads } = this.#world;
    const id = this.#processIds[random(this.#processIds.length)] as string;
    const record = truth.recordOf(id);
    // Heads are written where a log lives long: there an end is rare.
    const isLong = hasLargeHeads && record?.outcome === undefined && random(8) > 0;
    const what = isLong ? usesFrom + random(100 - usesFrom) : random(100);
    if (record === undefined || what < 2) return this.#create(id);
    // What has ended goes soon, and then begins anew.
    if (what < (record.outcome === undefined ? 3 : 25)) return this.#delete(id);
    if (what < 4) return this.#close(id);
    if (what < 5) return this.#cancel(id);
    if (what < 14) return this.#assign(id);
    if (what < 18) return this.#list();
    if (what < 21) return this.#share(id);
    const channel = channels[random(hasLargeHeads ? 4 : channels.length)]?.name ?? "out";
    const sender = this.#pickSender(id);
    if (what < 30) return appendOnce(this.#world, this.#name, sender, { processId: id, channel });
    const producer = this.#producerOf(id, channel, sender);
    if (what < 38) return producer.repeat();
    const calls = Array.from({ length: 1 + random(callsAtOnceMax) }, () =>
      producer.append(1 + random(entriesMax)),
    );
    await Promise.all(calls);
  }

  #pickSender(id: string): Sender {
    const { random } = this.#world;
    const grant = this.#grants.get(id);
    if (grant !== undefined && random(4) === 0) return asGrantHolder(grant);
    return random(2) === 0 ? asSubmitter : (this.#roles.get(id) ?? asSubmitter);
  }

  #producerOf(processId: string, channel: string, sender: Sender): Producer {
    const key = `${processId} ${channel} ${sender.caller.identity} ${sender.term}`;
    const known = this.#producers.get(key);
    // In a history with large heads, many of them.
    if (known?.isOver === false && !(this.#world.hasLargeHeads && this.#world.random(12) === 0))
      return known;
    const producer = new Producer(this.#world, this.#name, sender, { processId, channel });
    this.#producers.set(key, producer);
    return producer;
  }

  async #create(id: string): Promise<void> {
    const spec: ProcessSpec = { id, channels };
    const answer = await askUntilAnswered(this.#world, (broker) =>
      broker.createProcess(submitter, spec),
    );
    if (answer.kind !== "done") return;
    const { epoch } = answer.value.process;
    if (!this.#world.truth.hasSeen(epoch)) fail(`${id} was created, but has no record`);
  }

  async #assign(id: string): Promise<void> {
    const { random } = this.#world;
    const executorId = `exe${random(3)}`;
    const answer = await askUntilAnswered(this.#world, (broker) =>
      broker.assign(submitter, id, { executorId }),
    );
    if (answer.kind !== "done") return;
    const view = answer.value;
    // Another change may have come before the answer: its own answer is then what says that it is settled.
    if (view.executorId === executorId) {
      this.#roles.set(id, { caller: { identity: executorId, isAdmin: false }, term: view.term });
      this.#requireFences(view);
    }
  }

  #requireFences({ id, epoch, term }: ProcessView): void {
    const { truth } = this.#world;
    const record = truth.recordOf(id);
    if (record?.epoch !== epoch || record.assignTerm !== term || record.settling !== undefined)
      return;
    for (const { name } of channels) {
      const log = logName(id, epoch, name);
      const next = (truth.headOf(log)?.last ?? 0) + 1;
      this.#world.observe({ kind: "fenced", log, term, next });
    }
  }

  /** Lends the right to append; the next time takes it back, which raises the term and keeps the executor. */
  async #share(id: string): Promise<void> {
    const { truth } = this.#world;
    const grant = this.#grants.get(id);
    if (grant !== undefined) {
      const answer = await askUntilAnswered(this.#world, (broker) =>
        broker.grants.revoke(submitter, id, grant.grantId),
      );
      if (answer.kind === "done") truth.revoke(grant);
      if (answer.kind !== "inDoubt") this.#grants.delete(id);
      return;
    }
    const expiresAt = this.#world.clock.now() + grantLifeMs;
    const spec: GrantSpec = { secretHash: "hash", ops: ["append"], expiresAt };
    const answer = await ask(this.#world, (broker) => broker.grants.create(submitter, id, spec));
    if (answer.kind === "done") this.#grants.set(id, { processId: id, grantId: answer.value.id });
  }

  async #close(id: string): Promise<void> {
    const answer = await askUntilAnswered(this.#world, (broker) =>
      broker.closeProcess(submitter, id, outcome),
    );
    if (answer.kind === "done") this.#requireClosed(answer.value);
  }

  async #cancel(id: string): Promise<void> {
    const answer = await askUntilAnswered(this.#world, (broker) =>
      broker.requestCancel(submitter, id),
    );
    if (answer.kind !== "done") return;
    if (answer.value.state === "closed") this.#requireClosed(answer.value);
    const record = this.#world.truth.recordOf(id);
    if (record?.epoch === answer.value.epoch && record.cancelRequest === undefined)
      fail(`${id} has no cancel request`);
  }

  #requireClosed({ id, epoch }: ProcessView): void {
    for (const { name } of channels) {
      const log = logName(id, epoch, name);
      const head = this.#world.truth.headOf(log);
      if (head?.seal === undefined && head?.isDeleted !== true)
        fail(`${id} was closed, but ${log} has no seal`);
    }
  }

  async #delete(id: string): Promise<void> {
    const before = this.#world.truth.recordOf(id);
    const answer = await askUntilAnswered(this.#world, (broker) =>
      broker.deleteProcess(submitter, id),
    );
    if (answer.kind !== "done" || before === undefined) return;
    if (this.#world.truth.recordOf(id)?.epoch === before.epoch)
      fail(`${id} was deleted, but has a record`);
  }

  /** What was there all the time is in the list. */
  async #list(): Promise<void> {
    const { truth, mayBeStale } = this.#world;
    const isThere = new Set(truth.processes.map(({ epoch }) => epoch));
    const answer = await ask(this.#world, (broker) => broker.listProcesses(submitter));
    if (answer.kind !== "done" || mayBeStale) return;
    const listed = new Set(answer.value.processes.map(({ epoch }) => epoch));
    for (const { id, epoch, settling } of truth.processes)
      if (isThere.has(epoch) && settling?.kind !== "tombstone" && !listed.has(epoch))
        fail(`${id} is not in the list`);
  }
}
