import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TerminalSize } from "../../src/protocol/terminal-entries.ts";
import { CliWorld } from "../cli-world.ts";
import { TerminalFeed } from "../terminal-feed.ts";
import { TerminalPane } from "../terminal-pane.ts";

const takenTerminal = fileURLToPath(new URL("taken-terminal.mjs", import.meta.url));
const size = { columns: 60, rows: 10 };

/** For all tests whose server stays. */
let shared: CliWorld;
let world: CliWorld;
let environment: NodeJS.ProcessEnv;
const panes: TerminalPane[] = [];
const feeds: TerminalFeed[] = [];

async function use(used: CliWorld): Promise<void> {
  world = used;
  environment = await world.shellEnvironment();
}

beforeAll(async () => {
  shared = await CliWorld.create();
});

beforeEach(() => use(shared));

afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed[Symbol.asyncDispose]().catch(() => undefined);
  for (const pane of panes.splice(0)) await pane[Symbol.asyncDispose]();
  if (world !== shared) await world[Symbol.asyncDispose]();
});

afterAll(() => shared[Symbol.asyncDispose]());

function open(paneSize: TerminalSize = { columns: 80, rows: 20 }): TerminalPane {
  const pane = TerminalPane.create(environment, world.directory, paneSize);
  panes.push(pane);
  return pane;
}

async function feed(id: string, options: { readonly logEntriesMax?: number } = {}) {
  const made = await TerminalFeed.create(world, id, size, options);
  feeds.push(made);
  return made;
}

/** Everything that a painted screen may have changed. */
const modes = [
  "alternate_on",
  "cursor_flag",
  "mouse_any_flag",
  "mouse_sgr_flag",
  "keypad_cursor_flag",
  "keypad_flag",
  "wrap_flag",
  "scroll_region_upper",
] as const;
const modesOf = (pane: TerminalPane): string => pane.state(...modes);

const demanding = "\x1b[?1049h\x1b[?1003h\x1b[?1006h\x1b[?1h\x1b=\x1b[?25l\x1b[?2004h\x1b[4 q";

describe("attach to a program in a terminal", () => {
  it("paints its screen, types into it, and leaves everything as it was", async () => {
    const program = await feed("shell");
    await program.write("\x1b[31mred\x1b[m plain\r\n$ ");
    const pane = open();
    await pane.waitFor(/\$ $/m);
    const before = modesOf(pane);
    pane.enter("jobwire attach shell; echo code $?");
    await pane.waitFor(/red plain/);
    expect(pane.state("alternate_on")).toBe("1");
    expect(pane.colours).toContain("\x1b[31mred");
    expect(pane.rows[0]).toBe("red plain");
    await program.write(demanding);
    await pane.until("the program's modes", () => pane.state("mouse_any_flag") === "1");
    expect(pane.state("mouse_sgr_flag", "keypad_cursor_flag", "cursor_flag")).toBe("1 1 0");
    pane.type("ls -l");
    pane.keys("C-c", "C-z", "Up");
    const typed = await program.typed(10);
    expect(typed).toBe("ls -l\x03\x1a\x1bOA");
    pane.keys("C-\\");
    await pane.waitFor(/left; the program goes on. Come back with: jobwire attach shell/);
    await pane.waitFor(/^code 0$/m);
    await pane.until("the modes of before", () => modesOf(pane) === before);
  });

  it("shows the last screen below what was there, and ends as the program does", async () => {
    const program = await feed("build");
    const pane = open();
    pane.enter("jobwire attach build; echo code $?");
    await pane.until("the screen", () => pane.state("alternate_on") === "1");
    await program.write("compiling\r\n\x1b[32mdone\x1b[m\r\n");
    await program.close(7);
    await pane.waitFor(/^compiling\ndone\n(?:.*\n)?code 7$/m);
    expect(pane.state("alternate_on")).toBe("0");
  });

  it("begins with the newest snapshot, and needs nothing of what was before", async () => {
    const program = await feed("old", { logEntriesMax: 5 });
    for (let i = 0; i < 20; i++) await program.write(`line ${i}\r\n`);
    const position = await program.write("x");
    await program.snapshot(position, size, "as it was");
    await program.write(" and on");
    const pane = open();
    pane.enter("jobwire attach old");
    await pane.waitFor(/^as it was and on$/m);
    expect(pane.rows.join("\n")).not.toContain("line");
  });

  it("waits for a snapshot where output is missing", async () => {
    const program = await feed("holes");
    await program.write("before");
    const pane = open();
    pane.enter("jobwire attach holes");
    await pane.waitFor(/^before/m);
    const position = await program.gap(100);
    await program.write(" after");
    await pane.waitFor(/output is missing/);
    expect(pane.rows[0]).toBe("before");
    await program.snapshot(position, size, "told anew");
    await pane.waitFor(/^told anew after$/m);
    expect(pane.screen).not.toContain("output is missing");
  });

  it("follows the program's size and its own, whichever is larger", async () => {
    const program = await feed("sizes");
    await program.write("\x1b[10;1Hbottom\x1b[1;55Hright");
    const pane = open({ columns: 40, rows: 5 });
    pane.enter("jobwire attach sizes");
    await pane.waitFor(/right/);
    await program.write("\x1b[10;7H");
    await pane.waitFor(/^bottom/m);
    pane.resize({ columns: 100, rows: 30 });
    await pane.until("all of it", () => pane.rows[0] === " ".repeat(54) + "right");
    expect(pane.rows[9]).toBe("bottom");
    await program.resize({ columns: 100, rows: 30 });
    await program.write("\x1b[30;90Hcorner");
    await pane.until("the larger screen", () => pane.rows[29] === " ".repeat(89) + "corner");
    const sizes: unknown[] = [];
    for await (const viewer of program.viewers()) {
      sizes.push(viewer.size);
      if (viewer.size?.columns === 100) break;
    }
    expect(sizes).toEqual([
      { columns: 40, rows: 5 },
      { columns: 100, rows: 30 },
    ]);
    pane.keys("C-\\");
    for await (const viewer of program.viewers()) if (viewer.size === undefined) break;
  });

  it("types nothing while another has the keyboard", async () => {
    const program = await feed("taken");
    await program.keyboard("somebody");
    await program.write("ready");
    const pane = open();
    pane.enter("jobwire attach taken");
    await pane.waitFor(/^ready$/m);
    pane.type("lost");
    await pane.waitFor(/somebody else has the keyboard/);
    await program.keyboard(null);
    await pane.until("no note", () => !pane.screen.includes("has the keyboard"));
    pane.type("kept");
    expect(await program.typed(4)).toBe("kept");
  });

  it("leaves by the key that was asked for, also from watching", async () => {
    await feed("watched");
    const pane = open();
    pane.enter("jobwire attach watched --no-stdin --detach-key ctrl-]; echo code $?");
    await pane.until("the screen", () => pane.state("alternate_on") === "1");
    pane.keys("C-\\", "C-]");
    await pane.waitFor(/Ctrl-\] or Ctrl-C leaves[^]*^code 0$/m);
  });

  it.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "gives the terminal back at %s",
    async (signal) => {
      const program = await feed(`ends-${signal}`);
      await program.write(`${demanding}full`);
      const pane = open();
      await pane.waitFor(/\$ $/m);
      const before = modesOf(pane);
      pane.enter(`jobwire attach ends-${signal}; echo code $?`);
      await pane.waitFor(/^full$/m);
      process.kill(-pane.foregroundId, signal);
      await pane.waitFor(/^code \d+$/m);
      await pane.until("the modes of before", () => modesOf(pane) === before);
      for await (const viewer of program.viewers()) if (viewer.size === undefined) break;
    },
  );

  it("paints again after it was stopped, in raw mode", async () => {
    const program = await feed("stopped");
    await program.write("picture");
    const pane = open();
    pane.enter("jobwire attach stopped");
    await pane.waitFor(/^picture$/m);
    process.kill(-pane.foregroundId, "SIGTSTP");
    await pane.waitFor(/Stopped/);
    expect(pane.state("alternate_on")).toBe("0");
    pane.enter("fg");
    await pane.waitFor(/^picture$/m);
    pane.keys("C-c");
    expect(await program.typed(1)).toBe("\x03");
  });

  it("keeps what is typed while the server is away, and sends it once", async () => {
    await use(await CliWorld.create());
    const program = await feed("away");
    await program.write("here");
    const pane = open();
    pane.enter("jobwire attach away; echo code $?");
    await pane.waitFor(/^here$/m);
    const { port } = new URL(world.url);
    await world.stopServer("SIGKILL");
    await pane.waitFor(/lost the server/);
    pane.type("typed meanwhile");
    await world.serve(Number(port));
    await pane.until("no note", () => !pane.screen.includes("lost the server"));
    pane.type("!");
    expect(await program.typed(16)).toBe("typed meanwhile!");
    expect(pane.rows[0]).toBe("here");
  });

  it("takes up a process that a server has forgotten and that was created again", async () => {
    await use(await CliWorld.create(["--store", "memory"]));
    const program = await feed("again");
    await program.write("before");
    const pane = open();
    pane.enter("jobwire attach again");
    await pane.waitFor(/^before$/m);
    const { port } = new URL(world.url);
    await world.stopServer();
    await pane.waitFor(/lost the server/);
    await world.serve(Number(port));
    const reborn = await feed("again");
    const position = await reborn.write("the rest of");
    await reborn.snapshot(position, size, "as before");
    await reborn.write(", and on");
    await pane.waitFor(/^as before, and on$/m);
    pane.type("typed");
    expect(await reborn.typed(5)).toBe("typed");
  });

  it("gives the terminal back without a server, and says what did not reach it", async () => {
    await use(await CliWorld.create());
    const program = await feed("lost");
    await program.write(`${demanding}here`);
    const pane = open();
    await pane.waitFor(/\$ $/m);
    const before = modesOf(pane);
    pane.enter("jobwire attach lost; echo code $?");
    await pane.waitFor(/^here$/m);
    await world.stopServer("SIGKILL");
    await pane.waitFor(/lost the server/);
    pane.type("seven c");
    pane.keys("C-\\");
    await pane.waitFor(/7 bytes of input did not reach the server/);
    await pane.waitFor(/^code 0$/m);
    await pane.until("the modes of before", () => modesOf(pane) === before);
  });
});

describe("a terminal that was taken", () => {
  it.each([
    ["throw", /was thrown[^]*^code 1$/m],
    ["reject", /was rejected[^]*^code 1$/m],
    ["exit", /^code 3$/m],
  ])("is as it was after a program that ended by %s", async (way, ending) => {
    const pane = open();
    await pane.waitFor(/\$ $/m);
    const before = modesOf(pane);
    pane.enter(`node ${takenTerminal} ${way}; echo code $?`);
    await pane.waitFor(/^taken$/m);
    pane.type("x");
    await pane.waitFor(ending);
    await pane.until("the modes of before", () => modesOf(pane) === before);
    pane.enter("stty -a | grep -o ' icanon'");
    await pane.waitFor(/^ icanon$/m);
  });
});

describe("replay in a terminal", () => {
  it("paints what was written, stops, skips, and leaves the last screen", async () => {
    const program = await feed("film");
    await program.write("\x1b[33mscene one\x1b[m");
    await program.write("\x1b[2J\x1b[Hscene two");
    const pane = open();
    await pane.waitFor(/\$ $/m);
    pane.enter("jobwire replay film --speed 50; echo code $?");
    await pane.waitFor(/^scene two$/m);
    pane.type(" ");
    await pane.waitFor(/stopped at [\d.]+ s, speed 50; space goes on/);
    await program.write(" and three");
    pane.type(" ");
    await pane.waitFor(/^scene two and three$/m);
    await program.close();
    await pane.waitFor(/^scene two and three\ncode 0$/m);
    expect(pane.state("alternate_on")).toBe("0");
  });
});
