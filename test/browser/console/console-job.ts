import type { Page } from "playwright-core";
import type { Channel, ChannelSpec, Outcome } from "../../../src/client/index.ts";
import { Jobwire } from "../../../src/client/node.ts";
import { signToken } from "../../server-world.ts";
import type { ConsoleWorld } from "./console-world.ts";

const program: readonly ChannelSpec[] = [
  { name: "stdout", writers: "executor" },
  { name: "stderr", writers: "executor" },
  { name: "stdin" },
  { name: "control" },
];

/** A job of `ada`, and who runs it. */
export class ConsoleJob {
  readonly id: string;
  readonly #world: ConsoleWorld;
  readonly #wire: Jobwire;

  private constructor(world: ConsoleWorld, wire: Jobwire, id: string) {
    this.#world = world;
    this.#wire = wire;
    this.id = id;
  }

  /** With the channels of a program in pipes, unless told. */
  static async start(
    world: ConsoleWorld,
    id: string,
    channels: readonly ChannelSpec[] = program,
  ): Promise<ConsoleJob> {
    await world.create({ id, label: `job ${id}`, executorid: "worker", channels });
    const wire = new Jobwire({ url: world.url, token: () => signToken("worker") });
    return new ConsoleJob(world, wire, id);
  }

  channel(name: string): Channel {
    return this.#wire.process(this.id).channel(name);
  }

  async print(text: string | Uint8Array, channel = "stdout"): Promise<void> {
    await this.channel(channel).send(text);
  }

  /** Line `n` is `line n`. */
  async printLines(from: number, to: number, linesInEntry = 1): Promise<void> {
    const payloads: string[] = [];
    for (let n = from; n <= to; n += linesInEntry) {
      const count = Math.min(linesInEntry, to - n + 1);
      payloads.push(Array.from({ length: count }, (_, i) => `line ${n + i}\n`).join(""));
    }
    await this.channel("stdout").sendMany(payloads);
  }

  /** Resolves with what was typed, once it is there. */
  async typed(): Promise<string> {
    for await (const { payload } of this.channel("stdin").entries())
      return new TextDecoder().decode(payload);
    return "";
  }

  async end(outcome: Outcome = { status: "success" }): Promise<void> {
    await this.#wire.process(this.id).close(outcome);
  }

  async open(place = "", scene: Parameters<ConsoleWorld["open"]>[1] = {}): Promise<Page> {
    return await this.#world.open(`#/p/${this.id}${place}`, scene);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire.close();
  }
}

/** Texts of the lines that a text view has drawn. */
export async function linesOf(page: Page, channel = "stdout"): Promise<string[]> {
  return await page
    .getByRole("log", { name: `Text of ${channel}` })
    .locator(".text-row")
    .allTextContents();
}
