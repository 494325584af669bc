import type { Api } from "../../src/cli/api.ts";
import { isChannelError } from "../../src/core/errors.ts";
import { decodeCursor, encodeCursor } from "../../src/protocol/index.ts";
import type { JsonEntry, JsonGap, JsonOutcome, JsonRead } from "../../src/protocol/index.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import type { CrashWorld } from "./crash-world.ts";
import { contentOf, submitter } from "./process-life.ts";
import type { ChannelName, ProcessLife } from "./process-life.ts";
import { readServerEvents } from "./server-events.ts";

const waitSeconds = 60;

/** Reads a channel from its beginning, across the lives of the server, until the process has ended. */
export class Reader {
  readonly #world: CrashWorld;
  readonly #life: ProcessLife;
  readonly #channel: ChannelName;
  readonly #name: string;
  readonly #path: string;
  #position = 0;

  constructor(world: CrashWorld, life: ProcessLife, channel: ChannelName) {
    this.#world = world;
    this.#life = life;
    this.#channel = channel;
    this.#name = world.nextName("reader");
    this.#path = life.path(`/channels/${channel}/entries`);
  }

  /** As one stream that is resumed from its cursor. */
  async follow(): Promise<void> {
    while (!(await this.#world.wait(submitter, (api) => this.#catch(() => this.#stream(api)))));
  }

  /** Page by page, each waited for. */
  async poll(random: (below: number) => number): Promise<void> {
    const isOver = (api: Api) => this.#catch(() => this.#page(api, 1 + random(50), waitSeconds));
    while ((await this.#world.wait(submitter, isOver)) !== "over");
  }

  /** All that there is now, or as much as one life of the server gives; false if that is not all. */
  async readAll(): Promise<boolean> {
    for (;;) {
      const page = (api: Api) => this.#catch(() => this.#page(api, 1_000, 0));
      const heard = await this.#world.ask(submitter, page);
      if (heard === undefined) return false;
      if (heard.answer !== "more") return true;
    }
  }

  get #cursor(): string {
    return encodeCursor({ epoch: this.#life.epoch, position: this.#position });
  }

  /** A process that is deleted is over for its readers. */
  async #catch<Answer>(act: () => Promise<Answer>): Promise<Answer | "over"> {
    try {
      return await act();
    } catch (error) {
      const isGone = isChannelError(error, "process_not_found") && this.#life.isDeleting;
      if (isGone || error instanceof DeletedError) return "over";
      throw error;
    }
  }

  async #page(api: Api, limit: number, wait: number): Promise<"more" | "end" | "over"> {
    const read = this.#world.nextName("read");
    const log = this.#life.log(this.#channel);
    this.#world.checker.observe({ kind: "readSent", log, read });
    const query = { after: this.#cursor, limit, wait };
    const answer = (await api.request("GET", this.#path, { query })) as JsonRead;
    const isEnd = decodeCursor(answer.cursor).position === answer.last;
    this.#observe(answer.entries, { isEnd, read, gap: answer.gap });
    if (answer.outcome !== undefined) this.#end(answer.outcome);
    if (answer.outcome !== undefined) return "over";
    return isEnd ? "end" : "more";
  }

  /** True when the process has ended. */
  async #stream(api: Api): Promise<boolean> {
    const query = { after: this.#cursor };
    for await (const events of readServerEvents(api, this.#path, query)) {
      this.#world.noteAnswer();
      for (const { event, data } of events) {
        const value: unknown = JSON.parse(data);
        if (event === "message") this.#observe([value as JsonEntry], {});
        else if (event === "gap") this.#observe([], { gap: value as JsonGap });
        else if (event === "heartbeat")
          this.#observe([], { isEnd: (value as { last: number }).last === this.#position });
        else return this.#endStream(value as { reason: string; outcome?: JsonOutcome });
      }
    }
    // The client of HTTP takes the end of a connection that is not kept for the end of its body.
    throw api.unreachable(new Error(`${this.#name}: the stream ended without its end`));
  }

  #endStream({ reason, outcome }: { reason: string; outcome?: JsonOutcome }): true {
    if (reason === "deleted" && this.#life.isDeleting) return true;
    if (reason !== "closed" || outcome === undefined)
      throw new SuiteFailure(`${this.#name}: the stream ended with ${reason}`);
    this.#observe([], { isEnd: true });
    this.#end(outcome);
    return true;
  }

  #observe(
    entries: readonly JsonEntry[],
    { isEnd = false, read, gap }: { isEnd?: boolean; read?: string; gap?: JsonGap | undefined },
  ): void {
    if (gap?.reason === "epoch" && this.#life.isDeleting) throw new DeletedError();
    if (gap !== undefined && (gap.reason !== "trimmed" || this.#channel !== "chat"))
      throw new SuiteFailure(`${this.#name} met a gap: ${JSON.stringify(gap)}`);
    // From 0 means from the oldest that is kept, without a word about what went before it.
    const oldest = this.#position === 0 ? entries[0]?.position : undefined;
    const first = gap?.first ?? (oldest === 1 ? undefined : oldest);
    this.#world.checker.observe({
      kind: "readAnswered",
      log: this.#life.log(this.#channel),
      client: this.#name,
      after: this.#position,
      entries: entries.map((entry) => ({ position: entry.position, content: contentOf(entry) })),
      isEnd,
      ...(first === undefined ? {} : { gap: { first } }),
      ...(read === undefined ? {} : { read }),
    });
    if (gap !== undefined) this.#position = gap.first - 1;
    this.#position = entries.at(-1)?.position ?? this.#position;
  }

  #end(outcome: JsonOutcome): void {
    const log = this.#life.log(this.#channel);
    this.#world.checker.observe({ kind: "sealed", log, last: this.#position });
    // Deleting one that is open ends it first.
    if (this.#life.isDeleting) return;
    const [heard, sent] = [outcome, this.#life.outcome].map((value) => JSON.stringify(value));
    if (heard !== sent) throw new SuiteFailure(`${log} ended with ${heard}, closed with ${sent}`);
  }
}

/** The cursor belongs to a process that was deleted and created again. */
class DeletedError extends Error {}
