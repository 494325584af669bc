import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Environment } from "../src/cli/configuration.ts";
import { runCommandLine } from "../src/cli/program.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { ServerWorld } from "./server-world.ts";

export interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands run in this process, against a server in this process, as the identity `sub` unless told. */
export class CommandWorld {
  readonly server: ServerWorld;
  /** The home of whoever runs the commands. */
  readonly directory: string;
  readonly environment: Environment;

  private constructor(server: ServerWorld, directory: string, environment: Environment) {
    this.server = server;
    this.directory = directory;
    this.environment = environment;
  }

  static async create(): Promise<CommandWorld> {
    const server = await ServerWorld.create();
    const directory = await mkdtemp(join(tmpdir(), "jobwire-commands-"));
    return new CommandWorld(server, directory, await environmentOf(server, directory, "sub"));
  }

  async environmentOf(
    identity: string,
    claims: Record<string, unknown> = {},
  ): Promise<Environment> {
    return await environmentOf(this.server, this.directory, identity, claims);
  }

  async run(
    args: readonly string[],
    { environment = this.environment, input = "" }: RunOptions = {},
  ): Promise<Printed> {
    const terminal = createTerminal(environment, input);
    const exitCode = await runCommandLine(args, terminal);
    return { exitCode, ...terminal.printed() };
  }

  async create(spec: Record<string, unknown>): Promise<void> {
    const json = { channels: [{ name: "out" }], ...spec };
    await this.#post("/v1/processes", { json });
  }

  async append(id: string, payload: string, { channel = "out", query = "" } = {}): Promise<void> {
    const path = `/v1/processes/${id}/channels/${channel}/entries${query}`;
    await this.#post(path, { body: payload });
  }

  async close(id: string, outcome: Record<string, unknown> = { status: "success" }): Promise<void> {
    await this.#post(`/v1/processes/${id}/close`, { json: { outcome } });
  }

  async #post(path: string, init: { json?: unknown; body?: string }): Promise<void> {
    const response = await this.server.request("sub", "POST", path, init);
    if (!response.ok) throw new Error(await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true });
  }
}

interface RunOptions {
  readonly environment?: Environment;
  readonly input?: string;
}

async function environmentOf(
  server: ServerWorld,
  directory: string,
  identity: string,
  claims: Record<string, unknown> = {},
): Promise<Environment> {
  const token = await server.token(identity, claims);
  return { HOME: directory, JOBWIRE_URL: server.url, JOBWIRE_TOKEN: token };
}

/** Streams that are no terminal, and what was printed to them. */
export function createTerminal(
  environment: Environment,
  input = "",
): Terminal & { printed: () => { stdout: string; stderr: string } } {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const chunks = { stdout: "", stderr: "" };
  stdout.on("data", (chunk: Buffer) => (chunks.stdout += chunk.toString()));
  stderr.on("data", (chunk: Buffer) => (chunks.stderr += chunk.toString()));
  return {
    stdin: Readable.from([Buffer.from(input)], { objectMode: false }),
    stdout,
    stderr,
    environment,
    printed: () => chunks,
  };
}
