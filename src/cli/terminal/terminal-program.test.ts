import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/system.ts";
import { PseudoTerminals } from "./pseudo-terminal.ts";
import { TerminalProgram } from "./terminal-program.ts";

const terminals = PseudoTerminals.load();

/** A shell script in a terminal of 100 × 30, and what it has written. */
class Session {
  readonly program: TerminalProgram;
  readonly over: Promise<void>;
  text = "";

  constructor(script: string, command: readonly [string, ...string[]] = ["sh", "-c"]) {
    const [file, ...args] = command;
    this.program = TerminalProgram.start({
      terminals,
      command: file,
      args: script === "" ? args : [...args, script],
      environment: { ...process.env, LINES: "7", PS1: "$ " },
      size: { columns: 100, rows: 30 },
      clock: systemClock,
    });
    this.program.output.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
    this.over = new Promise((resolve) => this.program.output.once("close", resolve));
  }

  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text))
      await new Promise((resolve) => this.program.output.once("data", resolve));
  }
}

describe("a program in a terminal", () => {
  it("has a terminal of its size, and ends with its exit code", async () => {
    const session = new Session('stty size; echo "$TERM ${LINES-none}"; tty; exit 7');
    expect(await session.program.ended).toEqual({ exitCode: 7 });
    await session.over;
    expect(session.text).toMatch(/^30 100\r\nxterm-256color none\r\n\/dev\//);
  });

  it("ends with the signal that ended it", async () => {
    const session = new Session("kill -SEGV $$");
    expect(await session.program.ended).toEqual({ exitCode: 139, signal: "SIGSEGV" });
  });

  it.each([
    ["no-such-program", 127],
    ["./no-such-program", 127],
    ["/etc/passwd", 126],
    ["/etc", 126],
  ])("is not started if it cannot be: %s", (command, exitCode) => {
    expect(() => new Session("", [command])).toThrow(expect.objectContaining({ exitCode }));
  });

  it("loses nothing of what it wrote last, however slowly that is read", async () => {
    const session = new Session("seq 1 2500; exit 3");
    const { output, ended } = session.program;
    output.pause();
    await ended;
    output.resume();
    await session.over;
    const lines = session.text.split("\r\n");
    expect(lines.length).toBe(2_501);
    expect(lines.at(-2)).toBe("2500");
  });

  it("is told of another size", async () => {
    const session = new Session(
      "trap 'stty size; exit' WINCH; echo ready; while :; do read line; done",
    );
    await session.waitFor(/ready/);
    session.program.resize({ columns: 77, rows: 11 });
    await session.program.ended;
    await session.over;
    expect(session.text).toContain("11 77");
  });

  it("gets signals in the foreground, where a shell put its job", async () => {
    const session = new Session("", ["bash", "--norc", "--noprofile", "-i"]);
    await session.waitFor(/\$ $/);
    // While dash forks, a signal may get lost: it forks no more.
    session.program.stdin.write("sh -c 'echo is$((1+1)); exec sleep 1000'\r");
    await session.waitFor(/is2/);
    session.program.signalForeground("SIGINT");
    await session.waitFor(/is2[^]*\$ $/);
    session.program.stdin.write("exit 4\r");
    expect(await session.program.ended).toEqual({ exitCode: 4 });
  });

  it("is ended as a whole, a shell too, which ignores SIGTERM", async () => {
    const session = new Session("", ["bash", "--norc", "--noprofile", "-i"]);
    await session.waitFor(/\$ $/);
    session.program.signalGroup("SIGTERM");
    expect((await session.program.ended).exitCode).toBeGreaterThan(0);
  });

  it("is killed with the jobs that have groups of their own", async () => {
    const session = new Session("", ["bash", "--norc", "--noprofile", "-i"]);
    await session.waitFor(/\$ $/);
    session.program.stdin.write("(trap '' HUP; sleep 1000) & echo job=$!.\r");
    await session.waitFor(/job=\d+\./);
    const job = Number(/job=(\d+)\./.exec(session.text)?.[1]);
    session.program.signalGroup("SIGKILL");
    await session.over;
    expect(await session.program.ended).toEqual({ exitCode: 137, signal: "SIGKILL" });
    await expect.poll(() => isRunning(job)).toBe(false);
  });
});

/** Not any more where nothing is left but its entry in the table. */
function isRunning(pid: number): boolean {
  const states = execFileSync("ps", ["-eo", "pid=,stat="], { encoding: "utf8" });
  return new RegExp(`^ *${pid} +[^Z]`, "m").test(states);
}
