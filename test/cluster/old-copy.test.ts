import { expect, it } from "vitest";
import type { RunningCommand } from "../cli-world.ts";
import { useNatsCommands } from "./nats-commands.ts";

const commands = useNatsCommands();
/** More than the node itself writes before it looks. */
const lostCount = 10;

it("streams of an older copy are noticed, and have new epochs by a command when all nodes are stopped", async () => {
  const nats = await commands.startNats();
  const store = ["--store", nats.url];
  const { world } = commands;
  await world.run(["store", "init", ...store, "--streams", "1"]);
  const serve = async () => {
    const server = world.start(["serve", "--json", "--port", "0", ...store]);
    const [line] = await server.waitFor(/\{"url".*\}\n/);
    return { server, url: (JSON.parse(line) as { url: string }).url };
  };
  const call = async (url: string, method: string, path: string, body?: string) => {
    const headers = {
      authorization: `Bearer ${await world.token()}`,
      ...(body === undefined
        ? {}
        : { "content-type": path.includes("entries") ? "text/plain" : "application/json" }),
    };
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`${url}/v1/processes${path}`, init);
    return { status: response.status, json: (await response.json()) as Answer };
  };
  const out = "/job/channels/out/entries";

  const { server, url } = await serve();
  await call(url, "POST", "", JSON.stringify({ id: "job", channels: [{ name: "out" }] }));
  await call(url, "POST", out, "kept");
  const early = await world.run(["store", "reepoch", ...store]);
  expect(early).toMatchObject({ exitCode: 1, stdout: "" });
  expect(early.stderr).toContain("Stop every jobwire serve");
  await nats.stop();
  await nats.copyData();
  await nats.start();
  const append = async (): Promise<number> => (await call(url, "POST", out, "lost")).status;
  await expect.poll(append, { timeout: 15_000 }).toBe(201);
  for (let count = 1; count < lostCount; count++) expect(await append()).toBe(201);
  const seen = await call(url, "GET", out);
  expect(textsOf(seen.json)).toContain("lost");

  await nats.stop();
  await nats.putBackData();
  await nats.start();
  await server.waitFor(/put back to an older copy/);
  expect(await call(url, "POST", out, "more")).toMatchObject({ status: 503 });
  expect(await call(url, "GET", out)).toMatchObject({ status: 503 });

  await stop(server);
  const reepoched = await world.run(["store", "reepoch", ...store]);
  expect(reepoched).toMatchObject({
    exitCode: 0,
    stderr: "jobwire: open processes with new epochs: 1\n",
  });

  const next = await serve();
  const cursor = encodeURIComponent(seen.json.cursor ?? "");
  const after = await call(next.url, "GET", `${out}?after=${cursor}`);
  expect(after.json).toMatchObject({ gap: { reason: "epoch" } });
  expect((await call(next.url, "POST", out, "new")).status).toBe(201);
  const all = await call(next.url, "GET", out);
  expect(textsOf(all.json)).toEqual(["kept", "new"]);
  await stop(next.server);
});

function textsOf({ entries = [] }: Answer): string[] {
  return entries.map(({ payload }) => Buffer.from(payload, "base64").toString());
}

async function stop({ child, exited }: RunningCommand): Promise<void> {
  child.kill("SIGTERM");
  await exited;
}

interface Answer {
  readonly entries?: readonly { readonly payload: string }[];
  readonly cursor?: string;
}
