import type { Api } from "../../src/cli/api.ts";
import { isChannelError } from "../../src/core/errors.ts";
import type { ChannelError } from "../../src/core/errors.ts";
import type { JsonAck } from "../../src/protocol/index.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import type { CrashWorld } from "./crash-world.ts";
import { batchEntriesMax, contentText, payloadOf } from "./process-life.ts";
import type { ChannelName, ProcessLife } from "./process-life.ts";

/** How its entries are named, and so what of it can be repeated: not those that the server numbers. */
export type Numbering = "producer" | "sequence" | "none";

export interface WriterOptions {
  readonly life: ProcessLife;
  readonly channel: ChannelName;
  readonly identity: string;
  readonly numbering: Numbering;
  /** Of an executor that holds the role. */
  readonly term?: number;
  readonly random: (below: number) => number;
}

interface Call {
  readonly name: string;
  readonly names: readonly string[];
  readonly sequences: readonly number[];
  readonly payloads: readonly string[];
}

const smallBytesMax = 2_000;
const largeBytesMax = 20_000;

/** Appends one call after the other and repeats what was not acknowledged, across the lives of the server. */
export class Writer {
  readonly #world: CrashWorld;
  readonly #options: WriterOptions;
  readonly #name: string;
  readonly #producer: string;
  #sequence = 0;
  #acknowledged = 0;

  constructor(world: CrashWorld, options: WriterOptions) {
    this.#world = world;
    this.#options = options;
    this.#name = world.nextName("writer");
    this.#producer = options.numbering === "producer" ? this.#name : "";
  }

  /** Makes as many calls, or fewer where it may write no more. */
  async run(calls: number): Promise<void> {
    const { numbering, random } = this.#options;
    for (let count = 0; count < calls; count++) {
      const call = this.#createCall();
      if (!(await this.#append(call))) return;
      if (numbering !== "none" && random(6) === 0 && !(await this.#repeat(call))) return;
    }
  }

  #createCall(): Call {
    const { random } = this.#options;
    const count = random(3) === 0 ? 1 + random(batchEntriesMax) : 1;
    const sequences = Array.from({ length: count }, () => ++this.#sequence);
    const names = sequences.map((sequence) => `${this.#name}.${sequence}`);
    const payloads = names.map((name) =>
      payloadOf(name, random(count === 1 && random(10) === 0 ? largeBytesMax : smallBytesMax)),
    );
    return { name: names[0] ?? "", names, sequences, payloads };
  }

  /** False once nothing more is taken. */
  async #append(call: Call): Promise<boolean> {
    const { life, channel, numbering } = this.#options;
    const log = life.log(channel);
    const logicalFirst = life.noteSent(channel, call.names.length);
    for (let isRetry = false; ; isRetry = true) {
      this.#observeSent(call, logicalFirst);
      const wasDeleted = life.isDeleted;
      const heard = await this.#send(call);
      if (heard === undefined) {
        this.#world.checker.observe({ kind: "appendInDoubt", log, call: call.name });
        if (numbering === "none") return true;
        continue;
      }
      const { answer } = heard;
      if (!isChannelError(answer)) {
        if (wasDeleted) throw new SuiteFailure(`${log} was deleted, and ${call.name} was taken`);
        this.#acknowledge(call, answer);
        if (isRetry)
          this.#world.retried[answer.entries[0]?.duplicate === true ? "there" : "added"]++;
        return true;
      }
      this.#world.checker.observe({ kind: "appendRefused", log, call: call.name });
      return this.#stopAt(answer);
    }
  }

  /** What was acknowledged adds nothing, whatever happened meanwhile. */
  async #repeat(call: Call): Promise<boolean> {
    const heard = await this.#send(call);
    if (heard === undefined) return true;
    const { answer } = heard;
    if (isChannelError(answer)) return this.#stopAt(answer);
    if (!answer.entries.every(({ duplicate }) => duplicate === true))
      throw new SuiteFailure(`${call.name} was acknowledged before and was added again`);
    this.#acknowledge(call, answer);
    return true;
  }

  async #send(call: Call): Promise<{ readonly answer: JsonAck | ChannelError } | undefined> {
    return await this.#world.ask(this.#options.identity, async (api) => {
      try {
        return (await this.#post(api, call)) as JsonAck;
      } catch (error) {
        if (isChannelError(error)) return error;
        throw error;
      }
    });
  }

  #post(api: Api, { sequences, payloads }: Call): Promise<unknown> {
    const { life, channel, numbering, term } = this.#options;
    const path = life.path(`/channels/${channel}/entries`);
    const producer = this.#producer === "" ? {} : { producer: this.#producer };
    const [sequence, payload = ""] = [sequences[0], payloads[0]];
    const isNumbered = numbering !== "none";
    if (payloads.length === 1) {
      const query = { ...producer, term, ...(isNumbered ? { sequence } : {}) };
      return api.request("POST", path, { query, body: Buffer.from(payload) });
    }
    const entries = payloads.map((text, index) => ({
      payload: Buffer.from(text).toString("base64"),
      ...(isNumbered ? { sequence: sequences[index] } : {}),
    }));
    const json = { ...producer, entries };
    return api.request("POST", `${path}/batch`, { query: { term }, json });
  }

  #observeSent({ name, names }: Call, logicalFirst: number): void {
    const { life, channel, identity, term } = this.#options;
    this.#world.checker.observe({
      kind: "appendSent",
      log: life.log(channel),
      call: name,
      contents: names.map((text) => contentText(identity, this.#producer, text)),
      client: this.#name,
      logicalFirst,
      // Whatever the numbering, one call is sent when the one before is settled: they are in that order.
      producer: this.#name,
      ...(term === undefined ? {} : { term }),
    });
  }

  #acknowledge({ name, sequences }: Call, { entries }: JsonAck): void {
    const { life, channel } = this.#options;
    if (new Set(entries.map(({ duplicate }) => duplicate)).size > 1)
      throw new SuiteFailure(`${name} was there by half: ${JSON.stringify(entries)}`);
    this.#acknowledged = sequences.at(-1) ?? 0;
    // 0 is a repeat of what has been trimmed.
    const positions = entries.map(({ position }) => position);
    if (positions.includes(0) && channel === "chat") return;
    const log = life.log(channel);
    this.#world.checker.observe({ kind: "appendAcknowledged", log, call: name, positions });
  }

  /** False, if the refusal is what the owner of the process has brought about. */
  #stopAt(error: ChannelError): false {
    const { life, term } = this.#options;
    const isReplaced = term !== undefined && (life.mayBeFenced || life.term > term);
    const isExpected =
      (["executor_fenced", "unauthorized"].includes(error.code) && isReplaced) ||
      (error.code === "process_closed" && (life.outcome !== undefined || life.isDeleting)) ||
      (error.code === "process_not_found" && life.isDeleting);
    if (!isExpected) throw new SuiteFailure(`${this.#name} was refused: ${describe(error)}`);
    const { lastSequence } = error.details as { readonly lastSequence?: number };
    const isWrong =
      this.#producer !== "" &&
      lastSequence !== undefined &&
      (lastSequence < this.#acknowledged || lastSequence > this.#sequence);
    if (isWrong)
      throw new SuiteFailure(
        `${this.#name} was told ${describe(error)} after ${this.#acknowledged} of ${this.#sequence}`,
      );
    return false;
  }
}

function describe({ code, details }: ChannelError): string {
  return `${code} ${JSON.stringify(details)}`;
}
