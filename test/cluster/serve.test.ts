import { connect, nkeys } from "@nats-io/transport-node";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, it } from "vitest";
import type { RunningCommand } from "../cli-world.ts";
import { describeOnNats } from "../nats-binary.ts";
import { useNatsCommands } from "./nats-commands.ts";

const commands = useNatsCommands();

/** Of a store that `--store` names. */
async function serve(flags: readonly string[]): Promise<{ server: RunningCommand; url: string }> {
  const server = commands.world.start(["serve", "--json", "--port", "0", ...flags]);
  const [line] = await server.waitFor(/\{"url".*\}\n/);
  return { server, url: (JSON.parse(line) as { url: string }).url };
}

/** What docs/cluster.md lists in a row of its table of permissions. */
async function documentedSubjects(row: "publish" | "subscribe"): Promise<readonly string[]> {
  const text = await readFile(new URL("../../docs/cluster.md", import.meta.url), "utf8");
  const line = text.split("\n").find((each) => each.startsWith(`| ${row} `)) ?? "";
  const subjects = [...line.matchAll(/`([^`]+)`/g)].map(([, subject = ""]) => subject);
  expect(subjects).not.toEqual([]);
  return subjects;
}

describeOnNats("jobwire serve over NATS servers", () => {
  it("shares a store with another server, which goes on when the first is killed", async () => {
    const nats = await commands.startNats();
    const store = ["--store", nats.url];
    expect((await commands.world.run(["store", "init", ...store, "--streams", "2"])).exitCode).toBe(
      0,
    );
    const [first, second] = [await serve(store), await serve(store)];
    const [atFirst, atSecond] = [first, second].map(({ url }) => ({ JOBWIRE_URL: url }));
    const program = 'read line; echo "got $line"';
    const run = commands.world.start(["run", "--name", "demo", "--", "sh", "-c", program], atFirst);
    await run.waitFor(/follow it with/);
    const tail = commands.world.start(["tail", "demo"], atSecond);
    const sent = await commands.world.run(["send", "demo", "stdin"], "an answer\n", atSecond);
    expect(sent).toMatchObject({ exitCode: 0 });
    expect(await run.exited).toBe(0);
    expect(await tail.exited).toBe(0);
    expect(tail.stdout.toString()).toBe("got an answer\n");
    await first.server.kill();
    const again = await commands.world.run(["tail", "demo"], "", atSecond);
    expect(again).toMatchObject({ exitCode: 0, stdout: "got an answer\n" });
  });

  it("warns of what NATS may lose, unless it is told that each write is synced", async () => {
    const nats = await commands.startNats();
    const store = ["--store", nats.url];
    await commands.world.run(["store", "init", ...store]);
    const { server } = await serve(store);
    await server.waitFor(/on one NATS server only/);
    await server.waitFor(/nobody has said whether the NATS servers sync each write/);
  });

  it.each([
    [{ syncAlways: false }, /http:\S+ syncs every 120 s only/],
    [{ syncAlways: true }, undefined],
  ])("asks the servers' monitoring (%j)", async (options, warning) => {
    const nats = await commands.startNats(options);
    const store = ["--store", nats.url, "--nats-monitor", nats.monitorUrl];
    const made = await commands.world.run(["store", "init", ...store]);
    expect(made.exitCode).toBe(0);
    if (warning === undefined) expect(made.stderr).not.toContain("sync");
    else expect(made.stderr).toMatch(warning);
  });

  it("says what to do where there is no store, nobody listens, or NATS lets nobody in", async () => {
    const nats = await commands.startNats({
      configuration: 'authorization { user: ada, password: "pw" }',
    });
    const serveOn = (url: string, environment = {}) =>
      commands.world.run(
        ["serve", "--port", "0", "--store", url, "--nats-user", "ada"],
        "",
        environment,
      );
    const absent = await serveOn(nats.url, { JOBWIRE_NATS_PASSWORD: "pw" });
    expect(absent).toMatchObject({ exitCode: 5, stdout: "" });
    expect(absent.stderr).toContain(`jobwire store init --store ${nats.url}`);
    const refused = await serveOn(nats.url, { JOBWIRE_NATS_PASSWORD: "other" });
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain("does not let us in");
    expect(await serveOn(nats.url)).toMatchObject({ exitCode: 2, stdout: "" });
    await nats.stop();
    const away = await serveOn(nats.url, { JOBWIRE_NATS_PASSWORD: "pw" });
    expect(away).toMatchObject({ exitCode: 3, stdout: "" });
  });

  it("refuses entries when its streams are nearly full, and has room again when a process is deleted", async () => {
    const nats = await commands.startNats();
    const store = ["--store", nats.url];
    await commands.world.run(["store", "init", ...store, "--streams", "1", "--stream-limit", "1"]);
    const { url } = await serve(store);
    const authorization = `Bearer ${await commands.world.token()}`;
    const call = async (method: string, path: string, body?: string): Promise<number> => {
      const type = path.endsWith("/entries") ? "text/plain" : "application/json";
      const headers = { authorization, ...(body === undefined ? {} : { "content-type": type }) };
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      return (await fetch(`${url}/v1/processes${path}`, init)).status;
    };
    for (const id of ["full", "other"])
      expect(await call("POST", "", JSON.stringify({ id, channels: [{ name: "out" }] }))).toBe(201);
    const append = (id: string): Promise<number> =>
      call("POST", `/${id}/channels/out/entries`, "x".repeat(50_000));
    const answers: number[] = [];
    while (answers.at(-1) !== 507 && answers.length < 30) answers.push(await append("full"));
    expect(answers.length).toBeGreaterThan(15);
    expect(answers.at(-1)).toBe(507);
    expect(await append("other")).toBe(507);
    expect(await call("DELETE", "/full")).toBe(204);
    await expect.poll(() => append("other"), { timeout: 15_000 }).toBe(201);
  });

  it("needs no more permissions than docs/cluster.md lists, with an NKey", async () => {
    const pair = nkeys.createUser();
    const permissions = `{
      publish: ${JSON.stringify(await documentedSubjects("publish"))}
      subscribe: ${JSON.stringify(await documentedSubjects("subscribe"))}
    }`;
    const configuration = `authorization { users: [
      { user: admin, password: "pw" }
      { nkey: ${pair.getPublicKey()}, permissions: ${permissions} }
    ] }`;
    const nats = await commands.startNats({ configuration });
    const seedPath = join(commands.world.directory, "seed");
    await writeFile(seedPath, `${Buffer.from(pair.getSeed()).toString()}\n`);
    await chmod(seedPath, 0o600);
    const byNkey = ["--store", nats.url, "--nats-nkey", seedPath];
    const denied = await commands.world.run(["store", "init", ...byNkey]);
    expect(denied).toMatchObject({ exitCode: 4, stdout: "" });
    expect(denied.stderr).toContain("lacks a permission");
    expect(denied.stderr).toContain("$JS.API.STREAM.CREATE.");
    const asAdmin = ["store", "init", "--store", nats.url, "--nats-user", "admin"];
    const made = await commands.world.run(asAdmin, "", { JOBWIRE_NATS_PASSWORD: "pw" });
    expect(made.exitCode).toBe(0);
    const { server, url } = await serve(byNkey);
    const at = { JOBWIRE_URL: url };
    const ran = await commands.world.run(["run", "--name", "demo", "--", "echo", "hi"], "", at);
    expect(ran).toMatchObject({ exitCode: 0, stdout: "hi\n" });
    expect((await commands.world.run(["delete", "demo"], "", at)).exitCode).toBe(0);
    expect((await commands.world.run(["store", "check", ...byNkey])).exitCode).toBe(0);
    expect(server.stderr).not.toMatch(/"level":50/);
  });
});

describeOnNats("jobwire store check over NATS servers", () => {
  it("counts what is there, and finds what no server has written and what is gone", async () => {
    const nats = await commands.startNats();
    const store = ["--store", nats.url];
    await commands.world.run(["store", "init", ...store, "--streams", "1"]);
    const { url } = await serve(store);
    for (const name of ["whole", "hit"])
      await commands.world.run(["run", "--name", name, "--", "echo", name], "", {
        JOBWIRE_URL: url,
      });
    const sound = await commands.world.run(["store", "check", ...store]);
    expect(sound).toMatchObject({ exitCode: 0 });
    expect(sound.stdout).toMatch(/^processes +2, 0 open$/m);
    expect(sound.stdout).toMatch(/^damages +0$/m);

    const connection = await connect({ servers: nats.url });
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info("jobwire-0", { subjects_filter: ">" });
    const logs = Object.keys(state.subjects ?? {}).filter((subject) => subject.endsWith(".stdout"));
    const [gone = "", overwritten = ""] = logs;
    await manager.streams.purge("jobwire-0", { filter: gone });
    connection.publish(overwritten, "nonsense");
    await connection.flush();
    await connection.close();

    const { exitCode, stdout } = await commands.world.run(["store", "check", ...store]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`damage: ${gone}: there is no log`);
    expect(stdout).toMatch(
      new RegExp(
        `^damage: message \\d+ of ${overwritten.replaceAll(".", "\\.")}: .* is unreadable`,
        "m",
      ),
    );
    expect((await commands.world.run(["store", "stats", ...store])).exitCode).toBe(0);
  });
});
