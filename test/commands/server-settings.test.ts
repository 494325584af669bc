import { generateKeyPairSync } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliWorld } from "../cli-world.ts";

let world: CliWorld;

beforeEach(async () => {
  world = await CliWorld.create();
});

afterEach(() => world[Symbol.asyncDispose]());

async function mint(...flags: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.run(["token", ...flags]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trim();
}

async function statusWith(token: string, path = ""): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${world.url}/v1/processes${path}`, { headers })).status;
}

describe("token", () => {
  it("is good for what it is narrowed to, on the server of this machine", async () => {
    await world.run(["run", "-q", "--name", "one", "--", "echo", "hello"]);
    const { id } = await world.lastProcess();
    await world.run(["run", "-q", "--name", "other", "--", "true"]);
    const { id: other } = await world.lastProcess();
    const token = await mint("--process", "one", "--channels", "stdout", "--ops", "read");
    expect(decodeJwt(token)).toMatchObject({ process: id, channels: ["stdout"], ops: ["read"] });
    expect(await statusWith(token, `/${id}/channels/stdout/entries`)).toBe(200);
    expect(await statusWith(token, `/${id}/channels/stderr/entries`)).toBe(403);
    expect(await statusWith(token, `/${other}`)).toBe(403);
  });

  it("is of the identity, with the rights and for the time that are named", async () => {
    const token = await mint("--identity", "worker-1", "--admin", "--expires", "2d");
    const { sub, scope, exp = 0, iat = 0 } = decodeJwt(token);
    expect({ sub, scope, life: exp - iat }).toEqual({
      sub: "worker-1",
      scope: "admin",
      life: 2 * 24 * 3600,
    });
    expect(decodeJwt(await mint())).not.toHaveProperty("scope");
    expect(JSON.parse(await mint("--json"))).toMatchObject({ identity: expect.any(String) });
  });

  it("is made only where the secret is, for a process that is there", async () => {
    const elsewhere = await world.run(["token", "--data-directory", join(world.directory, "none")]);
    expect(elsewhere).toMatchObject({ exitCode: 5, stdout: "" });
    expect(elsewhere.stderr).toContain("no server was ever started");
    expect((await world.run(["token", "--process", "nobody"])).exitCode).toBe(5);
    expect((await world.run(["token", "--expires", "0s"])).exitCode).toBe(2);
    expect((await world.run(["token", "--ops", "write"])).exitCode).toBe(2);
    await world.stopServer();
    expect((await world.run(["token", "--process", "one"])).exitCode).toBe(3);
  });
});

describe("token rotate", () => {
  it("lets a running server take the new secret while the old one counts for the overlap", async () => {
    const old = await mint();
    const { exitCode, stderr } = await world.run(["token", "rotate", "--overlap", "1h"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/^jobwire: a new secret signs; .* until 2\d{3}-/),
    });
    expect(await statusWith(await mint())).toBe(200);
    expect(await statusWith(old)).toBe(200);
    const path = join(world.directory, "data", "secret");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(3);
  });

  it("without an overlap ends every token of before, and nobody's command", async () => {
    const old = await mint();
    const job = world.start(["run", "--name", "long", "--", "cat"]);
    await job.waitFor(/process \w+/);
    expect((await world.run(["token", "rotate", "--overlap", "0s"])).exitCode).toBe(0);
    // Verified by no key that the server knows: it reads its file again, and forgets the old one.
    expect(await statusWith(await mint())).toBe(200);
    expect(await statusWith(old)).toBe(401);
    expect((await world.run(["send", "long", "stdin", "still here"])).exitCode).toBe(0);
    expect((await world.run(["ps"])).stdout).toContain("long");
  });

  it("outlives a restart of the server", async () => {
    const old = await mint();
    await world.run(["token", "rotate"]);
    await world.stopServer();
    await world.serve();
    expect(await statusWith(old)).toBe(200);
    expect(await statusWith(await mint())).toBe(200);
  });
});

describe("a key of others", () => {
  it("counts beside the server's own secret, for tokens that are meant for it", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const path = join(world.directory, "key.pem");
    await writeFile(path, publicKey.export({ type: "spki", format: "pem" }));
    await world.stopServer();
    Object.assign(world.environment, { JOBWIRE_PUBLIC_KEYS: path, JOBWIRE_AUDIENCE: "jobs" });
    await world.serve();
    const sign = (audience: string): Promise<string> =>
      new SignJWT()
        .setProtectedHeader({ alg: "ES256" })
        .setSubject("worker")
        .setAudience(audience)
        .setExpirationTime("1m")
        .sign(privateKey);
    expect(await statusWith(await sign("jobs"))).toBe(200);
    expect(await statusWith(await sign("others"))).toBe(401);
    expect(await statusWith(await mint())).toBe(200);
  });
});

describe("serve", () => {
  it("takes its settings from a file, and refuses one that it does not understand", async () => {
    const path = join(world.directory, "config.json");
    await writeFile(path, JSON.stringify({ serve: { limits: { headerBytes: 2048 } } }));
    await world.stopServer();
    Object.assign(world.environment, { JOBWIRE_CONFIG: path });
    await world.serve();
    const headers = { "x-long": "x".repeat(4096) };
    expect((await fetch(`${world.url}/healthz`, { headers })).status).toBe(431);
    await writeFile(path, JSON.stringify({ serve: { limit: {} } }));
    const refused = await world.run(["serve"]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain(`unknown key "serve.limit" in ${path}`);
    expect((await world.run(["ps"])).exitCode).toBe(2);
  });

  it("has the console at its root, unless it is told to do without", async () => {
    expect(await (await fetch(world.url)).text()).toContain("<title>Jobwire</title>");
    await world.stopServer();
    const args = ["serve", "--json", "--port", "0", "--without-console"];
    const server = world.start(args);
    const [line] = await server.waitFor(/\{"url".*\}\n/);
    const ready = JSON.parse(line) as { readonly url: string };
    expect(ready).not.toHaveProperty("console");
    expect((await fetch(ready.url)).status).toBe(404);
  });

  it("shows what would hold without starting", async () => {
    const { exitCode, stdout } = await world.run(["serve", "--print-config", "--port", "1"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^serve\.port +1 +--port$/m);
    expect(stdout).toMatch(/^dataDirectory +"\S+" +JOBWIRE_DATA_DIRECTORY$/m);
  });

  it.each([
    [["--limit", "conections=1"], "the name one of those in the help"],
    [["--limit", "connections=0"], "whole number from 1"],
    [["--trust-proxy", "everyone"], "an IP address or a range"],
    [["--jwks-url", "https://keys.example.org"], "--audience"],
  ])("refuses %j", async (flags, message) => {
    const { exitCode, stdout, stderr } = await world.run(["serve", "--port", "0", ...flags]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
