import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TerminalSize } from "../src/protocol/terminal-entries.ts";

const waitMsMax = 30_000;
const defaultSize: TerminalSize = { columns: 160, rows: 50 };

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

  static create(
    environment: NodeJS.ProcessEnv,
    directory: string,
    { columns, rows }: TerminalSize = defaultSize,
  ): TerminalPane {
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

  /** What is in sight, with the sequences that make its colours. */
  get colours(): string {
    return this.#tmux("capture-pane", "-p", "-e", "-t", "pane");
  }

  /** Its rows that are in sight, without blanks at their ends. */
  get rows(): readonly string[] {
    const lines = this.#tmux("capture-pane", "-p", "-t", "pane").split("\n").slice(0, -1);
    return lines.map((line) => line.trimEnd());
  }

  /** What programs have set, by tmux's names, for example `alternate_on`, `cursor_flag`, `mouse_any_flag`. */
  state(...names: readonly string[]): string {
    const format = names.map((name) => `#{${name}}`).join(" ");
    return this.#tmux("display-message", "-p", "-t", "pane", format).trimEnd();
  }

  /** Process id of what runs in the foreground of its shell. */
  get foregroundId(): number {
    const shell = this.state("pane_pid");
    const ids = execFileSync("ps", ["-o", "tpgid=", "-p", shell], { encoding: "utf8" });
    return Number(ids.trim());
  }

  resize({ columns, rows }: TerminalSize): void {
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux("resize-window", "-t", "pane", ...size);
  }

  /** Until the screen shows it; each thing that is printed is a reason to look again. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#until(String(pattern), () => pattern.exec(this.screen) ?? undefined);
  }

  /** Until what the function sees satisfies it. */
  async until(wanted: string, isSo: (pane: TerminalPane) => boolean): Promise<void> {
    await this.#until(wanted, () => (isSo(this) ? true : undefined));
  }

  async #until<Found>(wanted: string, look: () => Found | undefined): Promise<Found> {
    const late = AbortSignal.timeout(waitMsMax);
    for (;;) {
      const printed = once(this.#control, "printed", { signal: late });
      const found = look();
      if (found !== undefined) {
        printed.catch(() => undefined);
        return found;
      }
      await printed.catch((error: unknown) => {
        throw new Error(`${wanted} did not show:\n${this.screen}`, { cause: error });
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
