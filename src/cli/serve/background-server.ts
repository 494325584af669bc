import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UnreachableError } from "../api.ts";
import { isLoopback, type Configuration } from "../configuration.ts";
import { connect } from "../connection.ts";
import { requireDataDirectory } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { say, type Terminal } from "../terminal.ts";

const mainPath = fileURLToPath(new URL("../main.js", import.meta.url));

/** Starts a server that outlives this command, unless one answers already. */
export async function ensureServer(
  configuration: Configuration,
  terminal: Terminal,
): Promise<void> {
  const api = await connect(configuration);
  try {
    await api.request("GET", "/healthz");
    return;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
  }
  if (!isLoopback(api.url)) {
    throw new CommandError(
      `no server answers at ${api.url}, and one can only be started on this machine`,
      ExitCode.unreachable,
    );
  }
  const directory = await requireDataDirectory(configuration.dataDirectory);
  const logPath = join(directory, "server.log");
  const { configPath } = configuration;
  const options = ["--data-directory", directory];
  if (configPath !== undefined) options.push("--config", configPath);
  const pid = await startServer(api.url, options, logPath);
  say(
    terminal,
    `started a server at ${api.url}; it stays: stop it with: kill ${pid} · its log: ${logPath}`,
  );
}

async function startServer(
  url: string,
  options: readonly string[],
  logPath: string,
): Promise<number> {
  const { hostname, port, protocol } = new URL(url);
  const listening = [
    "--host",
    hostname.replace(/^\[|\]$/g, ""),
    "--port",
    port === "" ? defaultPortOf(protocol) : port,
  ];
  const log = await open(logPath, "a", 0o600);
  try {
    const child = spawn(process.execPath, [mainPath, "serve", "--json", ...listening, ...options], {
      // A group and a session of its own: neither Ctrl-C nor the end of the terminal is meant for it.
      detached: true,
      stdio: ["ignore", "pipe", log.fd],
    });
    const { stdout } = child;
    if (stdout === null) throw new TypeError("a pipe was asked for");
    await new Promise<void>((resolve, reject) => {
      // One line says that it listens; it writes nothing more there.
      createInterface(stdout).once("line", () => resolve());
      child.once("error", reject);
      child.once("exit", (code) => {
        reject(
          new CommandError(
            `the server did not start (exit code ${code}); see ${logPath}`,
            ExitCode.unreachable,
          ),
        );
      });
    });
    stdout.destroy();
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

function defaultPortOf(protocol: string): string {
  return protocol === "https:" ? "443" : "80";
}
