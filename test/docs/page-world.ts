import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, mkdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ensureSecret } from "../../src/cli/secret-file.ts";
import { commandTokenSeconds, localIdentity } from "../../src/cli/local-token.ts";
import { mintToken } from "../../src/server/index.ts";
import { Commands } from "./command.ts";

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));
const builtCommand = join(root, "dist", "cli", "main.js");

/**
 * What the snippets of one page share: a folder, a server with a data directory of its own, the variables that
 * shell snippets set, and the built `jobwire` in the path.
 */
export class PageWorld {
  readonly directory: string;
  /** Where code is put so that its `import "jobwire"` is the package of the project. */
  readonly codeDirectory: string;
  readonly url: string;
  readonly commands = new Commands();
  readonly #server: ChildProcess;

  readonly #token: string;

  private constructor(directories: [string, string], server: Server) {
    [this.directory, this.codeDirectory] = directories;
    this.url = server.url;
    this.#server = server.child;
    this.#token = server.token;
  }

  /** `project`: where the package is found; by default the one that is built here. */
  static async create({ project = root, commandPath = builtCommand } = {}): Promise<PageWorld> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), "jobwire-page-")));
    const codeDirectory = await mkdtemp(join(project, ".snippets-"));
    await writeShims(join(directory, "bin"), commandPath);
    return new PageWorld([directory, codeDirectory], await startServer(directory, commandPath));
  }

  /** For every program of the page. */
  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: [join(this.directory, "bin"), process.env.PATH].join(delimiter),
      HOME: this.directory,
      LANG: "C.UTF-8",
      JOBWIRE_URL: this.url,
      JOBWIRE_DATA_DIRECTORY: join(this.directory, "data"),
      // The administrator's, for requests without the command line.
      TOKEN: this.#token,
    };
  }

  /** Shell variables that outlive a snippet, in the form of `export -p`. */
  get variablesPath(): string {
    return join(this.directory, "variables.sh");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.commands.dispose();
    const exit = once(this.#server, "exit");
    if (this.#server.exitCode === null && this.#server.kill("SIGKILL")) await exit;
    await rm(this.directory, { recursive: true, force: true });
    await rm(this.codeDirectory, { recursive: true, force: true });
  }
}

async function startServer(directory: string, commandPath: string): Promise<Server> {
  const dataDirectory = join(directory, "data");
  const options = ["serve", "--json", "--port", "0", "--data-directory", dataDirectory];
  const child = spawn(process.execPath, [commandPath, ...options], {
    cwd: directory,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const url = await readUrl(child.stdout);
  const identity = { identity: localIdentity(), isAdmin: true };
  const now = Date.now();
  const life = { now, expiresAt: now + commandTokenSeconds * 1000 };
  return { child, url, token: await mintToken(await ensureSecret(dataDirectory), identity, life) };
}

async function readUrl(output: Readable): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    return (JSON.parse(line) as { url: string }).url;
  }
  throw new Error("jobwire serve ended before it was ready");
}

/** `jobwire` and `npx jobwire` are the command; a server of a page's own takes any free port. */
async function writeShims(directory: string, commandPath: string): Promise<void> {
  await mkdir(directory);
  const shims = {
    jobwire: [
      'if [ "${1:-}" = serve ]; then shift; set -- serve --port 0 "$@"; fi',
      `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(commandPath)} "$@"`,
    ],
    npx: ['[ "$1" = jobwire ] || { echo "npx $1 is not for a page" >&2; exit 1; }', '"$@"'],
  };
  for (const [name, lines] of Object.entries(shims)) {
    const path = join(directory, name);
    await writeFile(path, ["#!/usr/bin/env bash", ...lines, ""].join("\n"));
    await chmod(path, 0o755);
  }
}
