import { spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/project.mjs";

const programPath = fileURLToPath(new URL("lock-server.mjs", import.meta.url));
const modulePath = join(root, "dist", "stores", "segment-log", "directory-lock.js");

export interface Answer {
  readonly ok: boolean;
  readonly name?: string;
  readonly message?: string;
  readonly foundBy?: string;
  readonly holder?: { readonly pid: number };
  /** Of what it has started. */
  readonly pid?: number;
}

/** A process that takes and releases the lock of a directory when it is told to. */
export class LockProgram {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  /** `wrapper` starts node, with the path of the command first. */
  constructor(path: string, wrapper: readonly string[] = []) {
    const [command, ...args] = [
      ...wrapper,
      process.execPath,
      "--expose-gc",
      programPath,
      modulePath,
    ];
    this.child = spawn(command, args, {
      env: { ...process.env, PATH: path },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines: Interface = createInterface({ input: this.child.stdout });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  async tell(command: string, directory = ""): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify([command, directory])}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`the program ended before it answered to ${command}`);
    return JSON.parse(value) as Answer;
  }

  acquire(directory: string): Promise<Answer> {
    return this.tell("acquire", directory);
  }

  /** As `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Where the shell would find it, as an absolute path without links; undefined where it is not. */
export function findCommand(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return realpathSync(join(folder, name));
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** A PATH of one new folder, in which `flock` is this program, or nothing is. */
export function createPath(folder: string, flock?: string): string {
  mkdirSync(folder, { recursive: true });
  if (flock !== undefined) symlinkSync(flock, join(folder, "flock"));
  return folder;
}

/** BusyBox's flock; made or found by the script, which says what is missing. */
export function ensureBusyboxFlock(): string {
  const script = join(root, "scripts", "ensure-busybox-flock.sh");
  const { status, stdout } = spawnSync("bash", [script], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("BusyBox's flock is missing: see above.");
  return stdout.trim();
}
