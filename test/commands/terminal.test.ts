import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliWorld } from "../cli-world.ts";
import { TerminalPane } from "../terminal-pane.ts";

let world: CliWorld;
let environment: NodeJS.ProcessEnv;
const panes: TerminalPane[] = [];
const programs: TerminalPane[] = [];

beforeEach(async () => {
  world = await CliWorld.create(["--store", "memory"]);
  environment = await world.shellEnvironment();
});

afterEach(async () => {
  // While there is a server to take its end: without one it would wait for it for ever.
  for (const running of programs.splice(0)) {
    running.keys("C-c");
    await running.waitFor(/\$ $/m);
  }
  for (const pane of panes.splice(0)) await pane[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function open(): TerminalPane {
  const pane = TerminalPane.create(environment, world.directory);
  panes.push(pane);
  return pane;
}

const asking = `sh -c 'echo asks; while read -r line; do echo "got $line"; done; echo bye >&2; exit 7'`;

/** A program in a terminal of its own, once it has begun. */
async function startProgram(name: string): Promise<TerminalPane> {
  const pane = open();
  pane.enter(`jobwire run --name ${name} -- ${asking}`);
  programs.push(pane);
  await pane.waitFor(/^asks$/m);
  return pane;
}

describe("attach in a terminal", () => {
  it("shows the program, takes lines, and leaves it running at Ctrl-C", async () => {
    const running = await startProgram("train");
    const pane = open();
    pane.enter("jobwire attach train; echo code $?");
    await pane.waitFor(/Ctrl-C leaves, the program goes on/);
    await pane.waitFor(/^asks$/m);
    pane.enter("first");
    await pane.waitFor(/^got first$/m);
    await running.waitFor(/^got first$/m);
    pane.keys("C-c");
    await pane.waitFor(/left; the program goes on. Come back with: jobwire attach \w+/);
    await pane.waitFor(/^code 0$/m);
    expect((await world.lastProcess()).state).toBe("running");

    const again = open();
    again.enter("jobwire attach @last --last 1; echo code $?");
    await again.waitFor(/^got first$/m);
    again.enter("second");
    await again.waitFor(/^got second$/m);
    expect(again.screen).not.toContain("asks");
  });

  it("ends the program's input at Ctrl-D, and then as the program does", async () => {
    const running = await startProgram("ends");
    const pane = open();
    pane.enter("jobwire attach ends; echo code $?");
    await pane.waitFor(/^asks$/m);
    pane.enter("last words");
    await pane.waitFor(/^got last words$/m);
    pane.keys("C-d");
    await pane.waitFor(/^bye$/m);
    await pane.waitFor(/^code 7$/m);
    await running.waitFor(/^bye$/m);
  });

  it("keeps the two outputs apart", async () => {
    await startProgram("apart");
    const pane = open();
    pane.enter("jobwire attach apart 2> errors; cat errors | sed s/^/error:/");
    await pane.waitFor(/^asks$/m);
    pane.keys("C-d");
    await pane.waitFor(/^error:bye$/m);
  });

  it("waits for a server that went away, and says what it is told when that is back", async () => {
    const create = await fetch(`${world.url}/v1/processes`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await world.token()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ id: "waits", channels: [{ name: "stdout" }] }),
    });
    expect(create.status).toBe(201);
    const pane = open();
    pane.enter("jobwire attach waits; echo code $?");
    await pane.waitFor(/Ctrl-C leaves/);
    const { port } = new URL(world.url);
    await world.stopServer();
    await pane.waitFor(/lost the server; waiting for it to come back/);
    await world.serve(Number(port));
    // A server in memory has forgotten it.
    await pane.waitFor(/process not found: waits/);
    await pane.waitFor(/^code 5$/m);
  });
});

describe("run in a terminal", () => {
  it("asks the program to end at Ctrl-C, and gives the shell its exit code", async () => {
    const pane = open();
    pane.enter(
      `jobwire run --name stop -- sh -c 'trap "echo saved; exit 9" TERM; echo ready; while :; do read line; done'; echo code $?`,
    );
    await pane.waitFor(/^ready$/m);
    pane.keys("C-c");
    await pane.waitFor(/saved$/m);
    await pane.waitFor(/^code 9$/m);
    expect((await world.lastProcess()).outcome).toMatchObject({ status: "cancelled", exitcode: 9 });
  });

  it("is stopped by cancel and close from another terminal", async () => {
    for (const end of ["cancel", "close"]) {
      const running = await startProgram(end);
      const pane = open();
      pane.enter(`jobwire ${end} ${end}; echo code $?`);
      await pane.waitFor(/^code 0$/m);
      await running.waitFor(/\$ $/m);
    }
  });
});

describe("send in a terminal", () => {
  it("takes lines until Ctrl-D", async () => {
    const running = await startProgram("talk");
    const pane = open();
    pane.enter("echo begun; jobwire send talk stdin; echo code $?");
    // Before that, the shell reads keys in its own way.
    await pane.waitFor(/^begun$/m);
    pane.enter("one");
    await running.waitFor(/^got one$/m);
    pane.enter("two");
    await running.waitFor(/^got two$/m);
    pane.keys("C-d");
    await pane.waitFor(/^code 0$/m);
  });
});

describe("completion in bash", () => {
  it("completes commands, options, processes and channels by the key", async () => {
    await world.run(["run", "-q", "--name", "greeting", "--", "true"]);
    const pane = open();
    pane.enter('eval "$(jobwire completion bash)"; echo ready-$?');
    await pane.waitFor(/^ready-0$/m);
    const press = async (text: string, completed: RegExp): Promise<void> => {
      pane.type(text);
      pane.keys("Tab");
      await pane.waitFor(completed);
      pane.keys("C-u");
    };
    await press("jobwire insp", /jobwire inspect +$/m);
    await press("jobwire tail gre", /jobwire tail greeting +$/m);
    await press("jobwire tail @l", /jobwire tail @last +$/m);
    await press("jobwire tail greeting stdo", /jobwire tail greeting stdout +$/m);
    await press("jobwire grant cr", /jobwire grant create +$/m);
    await press("jobwire close greeting --st", /jobwire close greeting --status +$/m);
    await press("jobwire close greeting --status=canc", /--status=cancelled +$/m);
    await press("jobwire token --process=gre", /--process=greeting +$/m);
    await press("jobwire serve --config bi", /--config bin\/ *$/m);
  });
});
