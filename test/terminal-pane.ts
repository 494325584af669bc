import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";

const waitMsMax = 30_000;
const columns = 160;
const rows = 50;

/** A terminal with a shell in it, as a person has it: keys go in, and what is on the screen is read. */
export class TerminalPane {
  readonly #socket: string;
  /** Another client of the same tmux, which hears of everything that is printed. */
  readonly #control: ChildProcessWithoutNullStreams;

  private constructor(socket: string) {
    this.#socket = socket;
    this.#control = spawn("tmux", ["-L", socket, "-C", "attach-session", "-t", "pane"]);
    createInterface({ input: this.#control.stdout }).on("line", () => {
      this.#control.emit("printed");
    });
  }

  static create(environment: NodeJS.ProcessEnv, directory: string): TerminalPane {
    const socket = `jobwire-${randomBytes(8).toString("hex")}`;
    const size = ["-x", String(columns), "-y", String(rows)];
    const shell = ["env", "-i", ...variablesOf(environment), "bash", "--norc", "--noprofile"];
    execFileSync(
      "tmux",
      ["-L", socket, "-f", "/dev/null", "new-session", "-d", "-s", "pane", ...size, ...shell],
      { cwd: directory },
    );
    return new TerminalPane(socket);
  }

  /** Text as it is typed; `keys` for those that have a name. */
  type(text: string): void {
    this.#tmux("send-keys", "-t", "pane", "-l", text);
  }

  /** Named keys such as `Enter`, `C-c`, `Tab`. */
  keys(...names: readonly string[]): void {
    this.#tmux("send-keys", "-t", "pane", ...names);
  }

  enter(line: string): void {
    this.type(line);
    this.keys("Enter");
  }

  get screen(): string {
    return this.#tmux("capture-pane", "-p", "-J", "-S", "-500", "-t", "pane");
  }

  /** Until the screen shows it; each thing that is printed is a reason to look again. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const late = AbortSignal.timeout(waitMsMax);
    for (;;) {
      const printed = once(this.#control, "printed", { signal: late });
      const { screen } = this;
      const found = pattern.exec(screen);
      if (found !== null) {
        printed.catch(() => undefined);
        return found;
      }
      await printed.catch((error: unknown) => {
        throw new Error(`${pattern} did not show:\n${this.screen}`, { cause: error });
      });
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...args], { encoding: "utf8" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tmux("kill-server");
    if (this.#control.exitCode === null) await once(this.#control, "exit");
  }
}

function variablesOf(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries({ TERM: "screen", LANG: "C.UTF-8", PS1: "$ ", ...environment }).map(
    ([name, value]) => `${name}=${value ?? ""}`,
  );
}
