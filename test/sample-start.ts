import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** `npm start` with a data directory of its own. */
export async function startSample(options: string[], seconds = 1) {
  const directory = await mkdtemp(join(tmpdir(), "jobwire-start-"));
  const child = spawn(
    process.execPath,
    ["scripts/start.mjs", ...options, "--data-directory", directory],
    {
      cwd: root,
      env: { ...process.env, SURVEY_SECONDS: String(seconds) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      child.emit("output");
    });
  }
  return {
    child,
    printed: () => output,
    waitFor: async (pattern: RegExp) => {
      while (!pattern.test(output)) await once(child, "output");
    },
    [Symbol.asyncDispose]: async () => {
      await endSample(child, "SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function endSample(
  child: ChildProcess,
  signal: NodeJS.Signals,
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
  return child.exitCode;
}
