import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSecret } from "../src/cli/secret-file.ts";
import { localIdentity } from "../src/cli/local-token.ts";
import { mintToken } from "../src/server/index.ts";
import type { TokenClaims } from "../src/server/index.ts";

export const commandPath = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** A `jobwire` command as a user would start it, and what it has printed so far. */
export class RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  /** 128 + 9 stands for any signal. */
  readonly exited: Promise<number>;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv, directory: string) {
    this.child = spawn(process.execPath, [commandPath, ...args], {
      cwd: directory,
      env: environment,
    });
    for (const [stream, chunks] of [
      [this.child.stdout, this.#stdout],
      [this.child.stderr, this.#stderr],
    ] as const) {
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        this.child.emit("printed");
      });
    }
    this.child.stdin.on("error", () => undefined);
    this.exited = once(this.child, "close").then(([code]) => Number(code ?? 128 + 9));
    void this.exited.then(() => this.child.emit("printed"));
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Until stdout or stderr has it; fails if the command ends before. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout.toString()) ?? pattern.exec(this.stderr);
      if (found !== null) return found;
      if (!this.isRunning) {
        await this.exited;
        const last = pattern.exec(this.stdout.toString()) ?? pattern.exec(this.stderr);
        if (last !== null) return last;
        throw new Error(`ended without ${pattern}: ${this.stdout.toString()}\n${this.stderr}`);
      }
      await once(this.child, "printed");
    }
  }

  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill("SIGKILL");
    await this.exited;
  }
}

/** A folder, a data directory, and a server in a program of its own. */
export class CliWorld {
  readonly directory: string;
  readonly #commands: RunningCommand[] = [];
  readonly environment: NodeJS.ProcessEnv;
  url = "";
  #server: RunningCommand | undefined;
  readonly #serveOptions: readonly string[];

  private constructor(directory: string, serveOptions: readonly string[]) {
    this.directory = directory;
    this.#serveOptions = serveOptions;
    this.environment = {
      PATH: process.env.PATH,
      HOME: directory,
      JOBWIRE_DATA_DIRECTORY: join(directory, "data"),
    };
  }

  static async create(serveOptions: readonly string[] = []): Promise<CliWorld> {
    const world = await CliWorld.createIdle(serveOptions);
    await world.serve();
    return world;
  }

  /** Without a server. */
  static async createIdle(serveOptions: readonly string[] = []): Promise<CliWorld> {
    if (!existsSync(commandPath)) throw new Error("dist is missing; make it with: npm run build");
    const directory = await realpath(await mkdtemp(join(tmpdir(), "jobwire-cli-")));
    return new CliWorld(directory, serveOptions);
  }

  /** Variables for a shell that finds the command by its name. */
  async shellEnvironment(): Promise<NodeJS.ProcessEnv> {
    const directory = join(this.directory, "bin");
    const command = join(directory, "jobwire");
    await mkdir(directory, { recursive: true });
    await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${commandPath}" "$@"\n`);
    await chmod(command, 0o755);
    const path = [directory, process.env.PATH].join(delimiter);
    return { ...this.environment, PATH: path, JOBWIRE_URL: this.url };
  }

  async serve(port = 0): Promise<RunningCommand> {
    const server = this.start(["serve", "--json", "--port", String(port), ...this.#serveOptions]);
    this.#server = server;
    const [line] = await server.waitFor(/\{"url".*\}\n/);
    ({ url: this.url } = JSON.parse(line) as { url: string });
    return server;
  }

  /** Of the person at this machine. */
  async token(claims: Partial<TokenClaims> = {}): Promise<string> {
    const secret = await readSecret(this.environment.JOBWIRE_DATA_DIRECTORY ?? "");
    if (secret === undefined) throw new Error("no server has made a secret yet");
    const now = Date.now();
    const identity = localIdentity();
    return await mintToken(secret, { identity, ...claims }, { now, expiresAt: now + 600_000 });
  }

  /** As Ctrl-C would, unless told. Returns its exit code. */
  async stopServer(signal: NodeJS.Signals = "SIGINT"): Promise<number | undefined> {
    this.#server?.child.kill(signal);
    return await this.#server?.exited;
  }

  /** Its input stays open until the test ends it. */
  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningCommand {
    const command = new RunningCommand(
      args,
      { ...this.environment, ...environment },
      this.directory,
    );
    this.#commands.push(command);
    return command;
  }

  /** Runs a command to its end with the given input. */
  async run(
    args: readonly string[],
    input: string | Uint8Array = "",
    environment: NodeJS.ProcessEnv = {},
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const command = this.start(args, environment);
    command.child.stdin.end(input);
    const exitCode = await command.exited;
    return { exitCode, stdout: command.stdout.toString(), stderr: command.stderr };
  }

  /** The newest process, as `ps --json` shows it. */
  async lastProcess(): Promise<{
    id: string;
    state: string;
    outcome?: { status: string; error?: string; exitcode?: number; signal?: string };
  }> {
    const { stdout } = await this.run(["ps", "--all", "--json"]);
    return JSON.parse(stdout.split("\n")[0] ?? "") as { id: string; state: string };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#commands.map((command) => command.kill()));
    // What a killed command had begun to write may appear while the folder is removed.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }
}
