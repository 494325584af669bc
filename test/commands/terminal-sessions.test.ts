import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TerminalSize } from "../../src/protocol/index.ts";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { CliWorld, type RunningCommand } from "../cli-world.ts";
import { TerminalPane } from "../terminal-pane.ts";

/** For all tests whose server stays. */
let shared: CliWorld;
let world: CliWorld;
let environment: NodeJS.ProcessEnv;
const panes: TerminalPane[] = [];

async function use(used: CliWorld): Promise<void> {
  world = used;
  environment = await world.shellEnvironment();
  const lines = Array.from({ length: 200 }, (_, n) => `line ${n + 1} of the text\n`);
  await writeFile(join(world.directory, "text"), lines.join(""));
}

beforeAll(async () => {
  shared = await CliWorld.create();
});

beforeEach(() => use(shared));

afterEach(async () => {
  for (const pane of panes.splice(0)) await pane[Symbol.asyncDispose]();
  if (world !== shared) await world[Symbol.asyncDispose]();
});

afterAll(() => shared[Symbol.asyncDispose]());

function open(size: TerminalSize = { columns: 80, rows: 20 }, url = world.url): TerminalPane {
  const variables = { ...environment, JOBWIRE_URL: url };
  const pane = TerminalPane.create(variables, world.directory, size);
  panes.push(pane);
  return pane;
}

/** A shell in a terminal of its own, that nobody sees yet. */
async function startShell(options: readonly string[] = [], url = world.url) {
  const shell = ["env", "PS1=> ", "bash", "--norc", "--noprofile"];
  const run = ["run", "--tty", "--no-stdin", "--name", "shell", ...options, "--", ...shell];
  const job = world.start(run, { JOBWIRE_URL: url });
  await job.waitFor(/process \w+/);
  return job;
}

async function attach(pane: TerminalPane): Promise<void> {
  pane.enter("jobwire attach shell; echo left $?");
  await pane.until("the shell", ({ rows }) => rows.some((row) => row.startsWith(">")));
}

async function leaveShell(job: RunningCommand, pane: TerminalPane): Promise<void> {
  pane.enter("exit 3");
  await pane.waitFor(/^left 3$/m);
  expect(await job.exited).toBe(3);
}

const lastRow = ({ rows }: TerminalPane): string => rows.findLast((row) => row !== "") ?? "";

describe("a program in a terminal, attached", () => {
  it("has its colours, the size of its viewer, and full screens; left and come back to, it is as it was", async () => {
    const job = await startShell();
    const pane = open();
    await attach(pane);
    pane.enter(String.raw`printf '\e[1;35mpurple\e[m\n'; stty size`);
    await pane.waitFor(/^20 80$/m);
    expect(pane.colours.replaceAll("\x1b[", "CSI ")).toMatch(/CSI (?:1mCSI 35m|1;35m)purple/);
    pane.resize({ columns: 70, rows: 15 });
    pane.enter("until [ \"$(stty size)\" = '15 70' ]; do :; done; echo resized");
    await pane.waitFor(/^resized$/m);
    pane.enter("less text");
    await pane.until("the text", ({ rows }) => rows[0] === "line 1 of the text");
    pane.keys("G");
    await pane.until("its end", ({ rows }) => rows.includes("line 200 of the text"));
    const seen = pane.rows;
    pane.keys("C-\\");
    await pane.waitFor(/left; the program goes on/);
    expect(pane.state("alternate_on")).toBe("0");
    const later = open({ columns: 70, rows: 15 });
    later.enter("jobwire attach shell; echo left $?");
    await later.until("the same screen", ({ rows }) => rows.join("\n") === seen.join("\n"));
    later.keys("q");
    await later.until("the shell", (view) => lastRow(view) === ">");
    await leaveShell(job, later);
  });

  it("edits a file in a full screen, and is seen by two viewers of different sizes", async () => {
    const job = await startShell();
    const large = open({ columns: 90, rows: 24 });
    const small = open({ columns: 60, rows: 12 });
    await attach(large);
    await attach(small);
    small.enter("until [ \"$(stty size)\" = '12 60' ]; do :; done; vi -u NONE text");
    await large.waitFor(/^line 1 of the text$/m);
    large.type("Oa new line");
    large.keys("Escape");
    for (const pane of [large, small])
      await pane.until("the new line", ({ rows }) => rows[0] === "a new line");
    expect(large.rows.slice(0, 12)).toEqual(small.rows);
    small.type(":q!");
    small.keys("Enter");
    await large.until("the shell", (view) => lastRow(view) === ">");
    small.keys("C-\\");
    await small.waitFor(/^left 0$/m);
    // Nobody is smaller any more.
    large.enter("until [ \"$(stty size)\" = '24 90' ]; do :; done; echo grown");
    await large.waitFor(/^grown$/m);
    await leaveShell(job, large);
  });

  it("watches processes: with colours and the mouse, and the same for a viewer who comes back", async () => {
    const job = await startShell();
    const [pane, watcher] = [open({ columns: 100, rows: 24 }), open({ columns: 100, rows: 24 })];
    await attach(pane);
    await attach(watcher);
    pane.enter("until [ \"$(stty size)\" = '24 100' ]; do :; done; htop --pid=$$");
    await pane.until("its keys", (view) => lastRow(view).startsWith("F1Help"));
    // A cursor that is a row in other colours, below a head in others again.
    const colours = pane.colours.replaceAll("\x1b[", "CSI ");
    expect(colours).toMatch(/CSI 30mCSI 42m.*PID.*\n.*CSI 46m.*bash/);
    await pane.until("the mouse", (view) => view.state("alternate_on", "mouse_any_flag") === "1 1");
    pane.type("/bash");
    await pane.until("the search", (view) => lastRow(view).includes("Search: bash"));
    pane.keys("C-\\");
    await pane.waitFor(/^left 0$/m);
    expect(pane.state("alternate_on", "mouse_any_flag")).toBe("0 0");
    watcher.resize({ columns: 90, rows: 20 });
    const later = open({ columns: 90, rows: 20 });
    later.enter("jobwire attach shell; echo left $?");
    await later.until("the search", (view) => lastRow(view).includes("Search: bash"));
    later.keys("Enter");
    const isSame = (): boolean =>
      lastRow(later).startsWith("F1Help") && later.rows.join("\n") === watcher.rows.join("\n");
    // It is seen where it is painted last.
    await Promise.any([later, watcher].map((view) => view.until("the same screen", isSame)));
    const column = later.rows[19]!.indexOf("F10Quit") + 4;
    later.type(`\x1b[<0;${column};20M\x1b[<0;${column};20m`);
    await watcher.until("the shell", (view) => lastRow(view) === ">");
    await leaveShell(job, watcher);
  });

  it("takes Ctrl-C and Ctrl-Z as from its own terminal, and ends by its signal", async () => {
    const job = await startShell();
    const pane = open();
    await attach(pane);
    // A key that signals takes with it what was typed before and not read: first it has to be the job that reads.
    pane.enter("sh -c 'echo begun; exec sleep 1000'");
    await pane.waitFor(/^begun$/m);
    pane.keys("C-z");
    await pane.waitFor(/Stopped\s+sh -c/);
    pane.enter("fg");
    await pane.waitFor(/^sh -c 'echo begun; exec sleep 1000'$/m);
    pane.keys("C-c");
    await pane.until("the shell", (view) => lastRow(view) === ">");
    pane.enter("kill -KILL $$");
    await pane.waitFor(/^left 137$/m);
    expect(await job.exited).toBe(137);
    expect(await world.lastProcess()).toMatchObject({ outcome: { signal: "SIGKILL" } });
  });
});

describe("a full screen, while the server is away", () => {
  let proxy: TcpProxy;

  beforeEach(async () => {
    await use(await CliWorld.create());
    proxy = await TcpProxy.start(Number(new URL(world.url).port));
  });

  afterEach(() => proxy.close());

  it("is right again after a restart, and what was typed meanwhile arrives once", async () => {
    const job = await startShell([], `http://127.0.0.1:${proxy.port}`);
    const pane = open(undefined, `http://127.0.0.1:${proxy.port}`);
    await attach(pane);
    pane.enter("vi -u NONE text");
    await pane.until("the text", ({ rows }) => rows[0] === "line 1 of the text");
    proxy.refuse();
    await world.stopServer("SIGKILL");
    pane.type("Oabcdefgh");
    await world.serve();
    proxy.targetPort = Number(new URL(world.url).port);
    proxy.accept();
    await pane.until("what was typed", ({ rows }) => rows[0] === "abcdefgh");
    expect(pane.rows[1]).toBe("line 1 of the text");
    pane.keys("Escape");
    pane.enter(":q!");
    await pane.until("the shell", (view) => lastRow(view) === ">");
    await leaveShell(job, pane);
  });

  it("is right again after each cut of the line", async () => {
    const job = await startShell([], `http://127.0.0.1:${proxy.port}`);
    const pane = open(undefined, `http://127.0.0.1:${proxy.port}`);
    await attach(pane);
    pane.enter("less text");
    await pane.until("the text", ({ rows }) => rows[0] === "line 1 of the text");
    for (let first = 2; first <= 9; first++) {
      proxy.cutAll();
      pane.type("j");
      await pane.until(`line ${first}`, ({ rows }) => rows[0] === `line ${first} of the text`);
    }
    expect(pane.rows.slice(0, 19)).toEqual(
      Array.from({ length: 19 }, (_, n) => `line ${n + 9} of the text`),
    );
    pane.type("q");
    await pane.until("the shell", (view) => lastRow(view) === ">");
    await leaveShell(job, pane);
  });
});
