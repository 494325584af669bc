import type { Api } from "../../src/cli/api.ts";
import { isChannelError } from "../../src/core/errors.ts";
import { encodeCursor } from "../../src/protocol/index.ts";
import type { JsonOutcome, JsonProcess, JsonRead } from "../../src/protocol/index.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { Reader } from "./crash-reader.ts";
import type { CrashWorld } from "./crash-world.ts";
import { Writer } from "./crash-writer.ts";
import { channelNames, channelSpecs, ProcessLife, submitter } from "./process-life.ts";

const callsPerTurnMax = 12;
const turnsMax = 3;
const keptMax = 2;

/** Leads processes through their lives, one after the other, mostly under the same id. */
export class ProcessOwner {
  readonly #world: CrashWorld;
  readonly #name: string;
  readonly #random: (below: number) => number;
  #id: string;
  #idCount = 1;
  #executorCount = 0;
  /** The deleted process that had the present id. */
  #former: ProcessLife | undefined;
  /** Closed processes that stay for a while. */
  readonly #kept: ProcessLife[] = [];

  constructor(world: CrashWorld, name: string, random: (below: number) => number) {
    this.#world = world;
    this.#name = name;
    this.#random = random;
    this.#id = `${name}-1`;
  }

  async run(): Promise<void> {
    for (let number = 1; !this.#world.isEnding; number++) {
      const life = await this.#create(number);
      const isDeletedOpen = this.#random(4) === 0;
      await this.#live(life, isDeletedOpen);
      if (isDeletedOpen || this.#random(3) > 0) await this.#rest(life);
      else await this.#keep(life);
    }
  }

  /** Readers and the submitter's writers work throughout, the executors one after the other. */
  async #live(life: ProcessLife, isDeletedOpen: boolean): Promise<void> {
    const readers = channelNames.flatMap((channel) => [
      new Reader(this.#world, life, channel).follow(),
      new Reader(this.#world, life, channel).poll(this.#random),
    ]);
    const writers = (["producer", "sequence"] as const).map((numbering) =>
      this.#writer(life, { channel: "chat", identity: submitter, numbering }).run(Infinity),
    );
    await Promise.all([this.#lead(life, isDeletedOpen), ...readers, ...writers]);
    if (isDeletedOpen) this.#observeRemoved(life);
  }

  async #lead(life: ProcessLife, isDeletedOpen: boolean): Promise<void> {
    await this.#runExecutors(life);
    if (this.#random(4) === 0) await this.#change(life, "POST", "/cancel");
    if (isDeletedOpen) await this.#delete(life);
    else await this.#close(life);
  }

  /** Each writes until it is replaced in the middle of its work; the last one stops by itself. */
  async #runExecutors(life: ProcessLife): Promise<void> {
    for (let turns = 1 + this.#random(turnsMax); turns > 0; turns--) {
      const [identity, term] = [this.#executor(), life.term];
      const out = this.#writer(life, { channel: "out", identity, term, numbering: "producer" });
      const chat = this.#writer(life, { channel: "chat", identity, term, numbering: "none" });
      const calls = 1 + this.#random(callsPerTurnMax);
      await Promise.all([out.run(calls), chat.run(calls)]);
      if (turns === 1) return;
      await Promise.all([this.#assign(life), out.run(Infinity), chat.run(Infinity)]);
    }
  }

  async #create(number: number): Promise<ProcessLife> {
    const id = this.#id;
    const json = { id, label: `${number}`, executorid: this.#executor(), channels: channelSpecs };
    this.#world.deleted.delete(id);
    const created = (await this.#world.insist(submitter, (api) =>
      api.request("POST", "/v1/processes", { json }),
    )) as JsonProcess;
    const life = new ProcessLife(number, created);
    this.#world.lives.add(life);
    if (this.#former !== undefined) await this.#requireNewEpoch(life, this.#former);
    return life;
  }

  async #requireNewEpoch(life: ProcessLife, { epoch }: ProcessLife): Promise<void> {
    const query = { after: encodeCursor({ epoch, position: 1 }) };
    const path = life.path("/channels/out/entries");
    const { gap } = (await this.#world.insist(submitter, (api) =>
      api.request("GET", path, { query }),
    )) as JsonRead;
    if (epoch === life.epoch || gap?.reason !== "epoch")
      throw new SuiteFailure(
        `${life.id} was created again as ${life.epoch} after ${epoch}: ${JSON.stringify(gap)}`,
      );
  }

  async #assign(life: ProcessLife): Promise<void> {
    life.mayBeFenced = true;
    this.#executorCount++;
    const json = { executorid: this.#executor() };
    const { term } = await this.#change(life, "PUT", "/executor", json);
    life.term = term;
    life.mayBeFenced = false;
    for (const name of channelNames) {
      const { last } = (await this.#world.insist(submitter, (api) =>
        api.request("GET", life.path(`/channels/${name}`)),
      )) as { readonly last: number };
      this.#world.checker.observe({ kind: "fenced", log: life.log(name), term, next: last + 1 });
    }
  }

  async #close(life: ProcessLife): Promise<void> {
    const outcomes: JsonOutcome[] = [
      { status: "success", exitcode: this.#random(200) },
      { status: "failed", error: this.#world.nextName("error") },
      { status: "cancelled" },
    ];
    const outcome = outcomes[this.#random(outcomes.length)] as JsonOutcome;
    life.outcome = outcome;
    const { lastpositions = {} } = await this.#change(life, "POST", "/close", { outcome });
    for (const name of channelNames) {
      const last = lastpositions[name];
      if (last === undefined) throw new SuiteFailure(`${life.log(name)} was closed without an end`);
      this.#world.checker.observe({ kind: "sealed", log: life.log(name), last });
    }
  }

  /** Changes the process, as often as it takes. */
  async #change(
    life: ProcessLife,
    method: string,
    path: string,
    json?: unknown,
  ): Promise<JsonProcess> {
    life.settled = undefined;
    const answer = (await this.#world.insist(submitter, (api) =>
      api.request(method, life.path(path), { json }),
    )) as JsonProcess;
    life.settled = answer;
    return answer;
  }

  /** Deleted if it is not, and gone for a while or until the next life of the server. */
  async #rest(life: ProcessLife): Promise<void> {
    if (!life.isDeleting) {
      await this.#delete(life);
      this.#observeRemoved(life);
    }
    this.#former = life;
    if (this.#random(3) === 0) await this.#world.rest();
  }

  async #delete(life: ProcessLife): Promise<void> {
    life.isDeleting = true;
    life.settled = undefined;
    this.#world.lives.delete(life);
    for (const name of channelNames)
      this.#world.checker.observe({ kind: "removalSent", log: life.log(name) });
    await this.#world.insist(submitter, (api) => deleteProcess(api, life));
    life.isDeleted = true;
    this.#world.deleted.add(life.id);
  }

  /** Once no answer is on its way any more that was given before the deletion and is heard after it. */
  #observeRemoved(life: ProcessLife): void {
    for (const name of channelNames)
      this.#world.checker.observe({ kind: "removed", log: life.log(name) });
  }

  async #keep(life: ProcessLife): Promise<void> {
    this.#kept.push(life);
    this.#id = `${this.#name}-${++this.#idCount}`;
    this.#former = undefined;
    const oldest = this.#kept.length > keptMax ? this.#kept.shift() : undefined;
    if (oldest === undefined) return;
    await this.#delete(oldest);
    this.#observeRemoved(oldest);
  }

  #executor(): string {
    return `executor-${this.#executorCount}`;
  }

  #writer(
    life: ProcessLife,
    options: Omit<ConstructorParameters<typeof Writer>[1], "life" | "random">,
  ): Writer {
    return new Writer(this.#world, { ...options, life, random: this.#random });
  }
}

/** What an earlier try has deleted is not there any more. */
async function deleteProcess(api: Api, life: ProcessLife): Promise<void> {
  try {
    await api.request("DELETE", life.path());
  } catch (error) {
    if (!isChannelError(error, "process_not_found")) throw error;
  }
}
