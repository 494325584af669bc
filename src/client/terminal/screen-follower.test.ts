import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../../test/client-world.ts";
import { decodeSize, encodeTerminalEntry } from "../../protocol/terminal-entries.ts";
import type { ChannelEntry, ChannelSpec, ProcessHandle } from "../index.ts";
import { ScreenFollower, type FollowingScreen } from "./screen-follower.ts";

const size = { columns: 80, rows: 24 };

/** Notes what it is told, for who waits for it. */
class NotedScreen implements FollowingScreen {
  readonly notes: string[] = [];
  #look: () => void = () => undefined;

  note(text: string): void {
    this.notes.push(text);
    this.#look();
  }

  async until(count: number): Promise<string[]> {
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (this.notes.length >= count) resolve();
      };
      this.#look();
    });
    return this.notes;
  }

  async restart({ screen }: { readonly screen: string }): Promise<void> {
    this.note(`screen ${screen}`);
  }

  async play(entries: readonly ChannelEntry[]): Promise<void> {
    for (const { payload } of entries) {
      const { columns, rows } = decodeSize(payload) ?? {};
      this.note(columns === undefined ? new TextDecoder().decode(payload) : `${columns}x${rows}`);
    }
  }
}

class TerminalWorld {
  readonly screen = new NotedScreen();
  readonly #client: ClientWorld;
  readonly #program: ProcessHandle;
  readonly #ending = new AbortController();

  private constructor(client: ClientWorld) {
    this.#client = client;
    this.#program = client.client("exe", "auto").process("p");
  }

  static async create(...names: readonly string[]): Promise<TerminalWorld> {
    const client = await ClientWorld.create();
    const channels = names.map((name): ChannelSpec => ({ name }));
    await client.client("sub", "auto").createProcess({ id: "p", executorId: "exe", channels });
    return new TerminalWorld(client);
  }

  async print(text: string, channel = "tty"): Promise<void> {
    await this.#program.channel(channel).send(text);
  }

  async tell(channel: string, type: string, form: Parameters<typeof encodeTerminalEntry>[0]) {
    await this.#program.channel(channel).send(encodeTerminalEntry(form), { type });
  }

  async snapshot(position: number, screen: string): Promise<void> {
    await this.tell("tty-snapshot", "jobwire.screen", { ...size, position, screen });
  }

  async loseBytes(): Promise<void> {
    const payload = '{"bytes":9,"reason":"dropped"}';
    await this.#program.channel("tty").send(payload, { type: "jobwire.gap" });
  }

  /** Resolves at the end of the process. */
  async follow(channel = "tty"): Promise<void> {
    const follower = new ScreenFollower(this.#client.client("sub", "auto"), "p", this.screen, {
      ...{ channel, signal: this.#ending.signal },
      onCertain: () => this.screen.note("certain"),
      onUncertain: () => this.screen.note("uncertain"),
    });
    await follower.run();
  }

  async end(): Promise<void> {
    await this.#program.close({ status: "success" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#client[Symbol.asyncDispose]();
  }
}

describe("ScreenFollower", () => {
  it("begins with the newest snapshot, and goes on behind it", async () => {
    await using world = await TerminalWorld.create("tty", "tty-snapshot");
    await world.tell("tty", "jobwire.size", size);
    await world.print("a");
    await world.snapshot(1, "old");
    await world.snapshot(2, "new");
    await world.print("b");
    const following = world.follow();
    await world.screen.until(2);
    await world.tell("tty", "jobwire.size", { columns: 100, rows: 30 });
    await world.print("c");
    await world.end();
    await following;
    expect(world.screen.notes).toEqual(["screen new", "b", "100x30", "c"]);
  });

  it("shows all of it where there is no snapshot", async () => {
    await using world = await TerminalWorld.create("tty");
    await world.tell("tty", "jobwire.size", size);
    await world.print("a");
    await world.end();
    await world.follow();
    expect(world.screen.notes).toEqual(["80x24", "a"]);
  });

  it("shows another channel as it is: the snapshots are not of that one", async () => {
    await using world = await TerminalWorld.create("tty", "tty-snapshot", "stdout");
    await world.snapshot(0, "terminal");
    await world.print("a", "stdout");
    await world.end();
    await world.follow("stdout");
    expect(world.screen.notes).toEqual(["a"]);
  });

  it("waits where output is missing for a snapshot that lacks nothing", async () => {
    await using world = await TerminalWorld.create("tty", "tty-snapshot");
    await world.print("a");
    await world.snapshot(1, "first");
    await world.loseBytes();
    await world.print("after");
    const following = world.follow();
    expect(await world.screen.until(2)).toEqual(["screen first", "uncertain"]);
    // One of before the gap is of no use.
    await world.snapshot(1, "early");
    await world.snapshot(3, "whole");
    await world.print("on");
    await world.end();
    await following;
    expect(world.screen.notes.slice(2)).toEqual(["certain", "screen whole", "on"]);
  });

  it("goes on with what it has where no snapshot can come any more", async () => {
    await using world = await TerminalWorld.create("tty", "tty-snapshot");
    await world.print("a");
    await world.loseBytes();
    await world.print("b");
    await world.end();
    await world.follow();
    expect(world.screen.notes).toEqual(["a", "uncertain", "certain", "b"]);
  });
});
