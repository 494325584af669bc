import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import type { JsonEntry, JsonProcess, JsonRead } from "../../src/protocol/index.ts";
import { decodeGapEntry, gapEntryType } from "../../src/protocol/index.ts";
import { CliWorld, type RunningCommand } from "../cli-world.ts";

/** What a server still knows when it is back: everything, as it was only cut off, or nothing. */
export type Memory = "kept" | "lost";

/** A gap in a channel's bytes. */
export interface Gap {
  readonly at: number;
  readonly bytes: number;
  readonly reason: string;
}

/** Programs run through a line to a server that goes away and comes back. */
export class OutageWorld {
  readonly world: CliWorld;
  readonly #proxy: TcpProxy;
  readonly #fifo: string;
  readonly #memory: Memory;
  /** With its slash; empty before there is one. */
  #processId = "";

  private constructor(world: CliWorld, proxy: TcpProxy, fifo: string, memory: Memory) {
    this.world = world;
    this.#proxy = proxy;
    this.#fifo = fifo;
    this.#memory = memory;
  }

  static async create(memory: Memory): Promise<OutageWorld> {
    const world = await CliWorld.create(memory === "lost" ? ["--store", "memory"] : []);
    const proxy = await TcpProxy.start(Number(new URL(world.url).port));
    const fifo = join(world.directory, "go");
    execFileSync("mkfifo", [fifo]);
    return new OutageWorld(world, proxy, fifo, memory);
  }

  /**
   * A shell script in which `await_go` waits for `go`, whatever has become of the server. It has printed two
   * lines when this returns, and the server has acknowledged at least the first: one append at a time.
   */
  async run(script: string, options: readonly string[] = []): Promise<RunningCommand> {
    const functions = `await_go() { cat '${this.#fifo}' > /dev/null; }`;
    const beginning = "echo one; await_go; echo two";
    const run = this.world.start(
      [
        "run",
        "--name",
        "job",
        ...options,
        "--",
        "sh",
        "-c",
        `${functions}; ${beginning}; ${script}`,
      ],
      { JOBWIRE_URL: `http://127.0.0.1:${this.#proxy.port}` },
    );
    await run.waitFor(/one\n/);
    const named = (await (await this.request("GET", "?label=job")).json()) as {
      readonly processes: readonly JsonProcess[];
    };
    this.#processId = `/${named.processes[0]?.id}`;
    await this.read("stdout", 0);
    await this.go();
    await this.read("stdout", 1);
    return run;
  }

  /** Lets the script go on, once it waits. */
  async go(): Promise<void> {
    await writeFile(this.#fifo, "go\n");
  }

  /** Ends a script that runs `until [ -e stop ]`. */
  async stop(): Promise<void> {
    await writeFile(join(this.world.directory, "stop"), "");
  }

  async goAway(): Promise<void> {
    this.#proxy.refuse();
    if (this.#memory === "lost") await this.world.stopServer();
  }

  async comeBack(): Promise<void> {
    if (this.#memory === "lost") {
      await this.world.serve();
      this.#proxy.targetPort = Number(new URL(this.world.url).port);
    }
    this.#proxy.accept();
  }

  /** As the person at this machine; the path is below the job's process. */
  async request(method: string, path = ""): Promise<Response> {
    const authorization = `Bearer ${await this.world.token()}`;
    const url = `${this.world.url}/v1/processes${this.#processId}${path}`;
    return await fetch(url, { method, headers: { authorization } });
  }

  /** The job's process as the server knows it. */
  async process(): Promise<JsonProcess> {
    return (await (await this.request("GET")).json()) as JsonProcess;
  }

  /** Entries of a channel after a position; waits for one, or for the end of the process. */
  async read(channel: string, after: number): Promise<readonly JsonEntry[]> {
    const path = `/channels/${channel}/entries?after=${after}&wait=60&limit=1000`;
    return ((await (await this.request("GET", path)).json()) as JsonRead).entries;
  }

  /** A channel that has ended: its bytes, and what its gap entries say is missing at which byte of the stream. */
  async channel(name: string): Promise<{ bytes: Buffer; gaps: Gap[]; types: string[] }> {
    const entries: JsonEntry[] = [];
    for (let page = await this.read(name, 0); page.length > 0;) {
      entries.push(...page);
      page = await this.read(name, entries.length);
    }
    const chunks: Buffer[] = [];
    const gaps: Gap[] = [];
    let at = 0;
    for (const { type, payload } of entries) {
      const bytes = Buffer.from(payload ?? "", "base64");
      const gap = type === gapEntryType ? decodeGapEntry(bytes) : undefined;
      if (type === "data") chunks.push(bytes);
      if (type === "data") at += bytes.byteLength;
      if (gap !== undefined) gaps.push({ at, ...gap });
      at += gap?.bytes ?? 0;
    }
    return { bytes: Buffer.concat(chunks), gaps, types: entries.map(({ type = "" }) => type) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.#proxy.close();
  }
}

/** The stream without what its gaps say is missing. */
export function withoutGaps(whole: Buffer, gaps: readonly Gap[]): Buffer {
  let rest = 0;
  const kept: Buffer[] = [];
  for (const { at, bytes } of gaps) {
    kept.push(whole.subarray(rest, at));
    rest = at + bytes;
  }
  return Buffer.concat([...kept, whole.subarray(rest)]);
}
