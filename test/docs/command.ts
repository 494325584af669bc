import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const snippetTimeoutMs = 30_000;

export interface CommandOptions {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** A command that would go on, such as a server, has succeeded when it has printed this. */
  readonly endAfter?: RegExp;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Processes of a page, each the leader of a group of its own, so that what it left behind can be ended. */
export class Commands {
  readonly #children: ChildProcess[] = [];

  async run(program: string, options: string[], settings: CommandOptions): Promise<CommandResult> {
    const child = spawn(program, options, {
      cwd: settings.directory,
      env: settings.environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.push(child);
    const output = { stdout: "", stderr: "" };
    let isEnough = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
      isEnough ||= settings.endAfter?.test(output.stdout) === true;
      if (isEnough) signalGroup(child, "SIGTERM");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), snippetTimeoutMs);
    // Not "close": a program that a snippet puts in the background keeps the output open.
    await once(child, "exit");
    clearTimeout(timer);
    return { exitCode: isEnough ? 0 : child.exitCode, ...output };
  }

  dispose(): void {
    for (const child of this.#children) signalGroup(child, "SIGKILL");
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
