import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliWorld } from "../cli-world.ts";
import { TerminalPane } from "../terminal-pane.ts";

let world: CliWorld;
let pane: TerminalPane;

beforeEach(async () => {
  world = await CliWorld.create();
  pane = TerminalPane.create(await world.shellEnvironment(), world.directory, {
    columns: 80,
    rows: 20,
  });
});

afterEach(async () => {
  await pane[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const modes = (): string =>
  pane.state("alternate_on", "cursor_flag", "mouse_any_flag", "keypad_flag", "wrap_flag");

/** `run --tty` in the pane, once its screen shows. */
async function run(program: string, options = ""): Promise<void> {
  await pane.until("a shell", ({ rows }) => rows[0] === "$");
  pane.enter(`jobwire run --tty --name job ${options} -- ${program}; echo code $?`);
  await pane.until("the screen", () => pane.state("alternate_on") === "1");
}

const shell = "env 'PS1=> ' bash --norc --noprofile";

describe("run --tty in a terminal", () => {
  it("is that terminal to the program, with its keys and its size, and leaves the last screen there", async () => {
    await run(shell);
    await pane.until("the shell", ({ rows }) => rows[0] === ">");
    const before = modes();
    pane.enter("stty size");
    await pane.waitFor(/^20 80$/m);
    pane.enter("sh -c 'echo begun; exec sleep 1000'");
    await pane.waitFor(/^begun$/m);
    pane.keys("C-c");
    await pane.until("the shell", ({ rows }) => rows.findLast((row) => row !== "") === ">");
    pane.enter("echo still $?");
    await pane.waitFor(/^still 130$/m);
    pane.enter(String.raw`printf '\e[?1003h\e[?1006h\e[?25l\e=\e]0;title\a\e]52;c;aGVsbG8=\a'`);
    await pane.until("the program's modes", () => modes() !== before);
    pane.resize({ columns: 70, rows: 15 });
    pane.enter("until [ \"$(stty size)\" = '15 70' ]; do :; done; clear; echo resized; exit 4");
    await pane.waitFor(/^code 4$/m);
    expect(modes()).toBe("0 1 0 0 1");
    expect(pane.state("pane_title")).not.toBe("title");
    // What was on the screen, and what there was to say meanwhile.
    expect(pane.screen).toMatch(/^resized\nexit\n/m);
    expect(pane.screen).toMatch(/process \w+ \(job\) · follow it with: jobwire attach/);
  });

  it("shows what others type, and is seen by them", async () => {
    await run("cat");
    expect((await world.run(["send", "job", "stdin", "from elsewhere\n"])).exitCode).toBe(0);
    await pane.waitFor(/^from elsewhere\nfrom elsewhere$/m);
    pane.enter("from here");
    await pane.waitFor(/^from here\nfrom here$/m);
    const attached = world.start(["attach", "job", "--no-stdin"]);
    await attached.waitFor(/from here/);
    pane.keys("C-d");
    await pane.waitFor(/^code 0$/m);
    expect(await attached.exited).toBe(0);
  });

  it("is told as the program is that the window was closed", async () => {
    await run(
      `sh -c 'trap "echo hung up > closed; exit 9" HUP; echo ready; while :; do read line; done'`,
    );
    await pane.waitFor(/^ready$/m);
    process.kill(pane.foregroundId, "SIGHUP");
    await pane.waitFor(/^code 9$/m);
    expect(modes()).toBe("0 1 0 0 1");
    expect(await world.lastProcess()).toMatchObject({ outcome: { exitcode: 9 } });
  });

  it("gives the terminal back at SIGTERM, which ends the program", async () => {
    await run("sleep 1000");
    process.kill(pane.foregroundId, "SIGTERM");
    await pane.waitFor(/^code 143$/m);
    expect(modes()).toBe("0 1 0 0 1");
    await pane.waitFor(/interrupted: stopping the program/);
  });

  it("goes on while the server is away, keys and all", async () => {
    await run("cat", "--when-away drop");
    const port = Number(new URL(world.url).port);
    await world.stopServer("SIGKILL");
    pane.enter("nobody listens");
    await pane.waitFor(/^nobody listens\nnobody listens$/m);
    await world.serve(port);
    pane.keys("C-d");
    await pane.waitFor(/^code 0$/m);
    const { stdout } = await world.run(["tail", "job", "tty"]);
    expect(stdout).toContain("nobody listens\r\nnobody listens\r\n");
  });
});
