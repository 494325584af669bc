import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemOf, ServerWorld } from "../../test/server-world.ts";

let world: ServerWorld;
beforeEach(async () => {
  world = await ServerWorld.create();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.errors).toEqual([]);
});

const entries = "/v1/processes/p/channels/out/entries";

/** What a raw socket gets back for what it sends, until the server has answered. */
function exchange(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(head));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.includes("\r\n\r\n")) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

describe("server, identity", () => {
  it("refuses who has no token, a forged one, an expired one, or one without sub or exp", async () => {
    const bearer = async (token: string): Promise<unknown[]> =>
      problemOf(
        await fetch(`${world.url}/v1/processes`, { headers: { authorization: `Bearer ${token}` } }),
      );
    expect(await problemOf(await fetch(`${world.url}/v1/processes`))).toEqual([
      401,
      "unauthenticated",
    ]);
    expect(await bearer("nonsense")).toEqual([401, "unauthenticated"]);
    const foreign = new TextEncoder().encode("another secret, also of 32 bytes or so");
    expect(await bearer(await world.token("sub", {}, foreign))).toEqual([401, "unauthenticated"]);
    expect(await bearer(await world.token("sub", { exp: 1 }))).toEqual([401, "token_expired"]);
    expect(await bearer(await world.token("sub", { exp: undefined }))).toEqual([
      401,
      "unauthenticated",
    ]);
    expect(await bearer(await world.token(""))).toEqual([401, "unauthenticated"]);
    expect(await bearer(await world.token("sub", { ops: ["everything"] }))).toEqual([
      401,
      "unauthenticated",
    ]);
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"sub":"sub","exp":9999999999}').toString("base64url")}.`;
    expect(await bearer(none)).toEqual([401, "unauthenticated"]);
  });

  it("lets a narrowed token do only what it is for", async () => {
    await world.createProcess();
    const read = async (claims: Record<string, unknown>, method = "GET"): Promise<number> =>
      (
        await fetch(`${world.url}${entries}`, {
          method,
          headers: { authorization: `Bearer ${await world.token("exe", claims)}` },
        })
      ).status;
    expect(await read({ process: "p", channels: ["out"], ops: ["read"] })).toBe(200);
    expect(await read({ process: "q" })).toBe(403);
    expect(await read({ channels: ["err"] })).toBe(403);
    expect(await read({ ops: ["append"] })).toBe(403);
    expect(await read({ ops: ["read"] }, "POST")).toBe(403);
  });

  it("refuses before it reads the body: no token, not permitted, too large", async () => {
    await world.createProcess();
    const head = (token: string, length: number): string =>
      `POST ${entries} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n${token}\r\n`;
    expect(await exchange(world.port, head("", 100))).toMatch(/^HTTP\/1.1 401 /);
    const other = `Authorization: Bearer ${await world.token("other")}\r\n`;
    expect(await exchange(world.port, head(other, 100))).toMatch(/^HTTP\/1.1 403 /);
    const exe = `Authorization: Bearer ${await world.token("exe")}\r\n`;
    const answer = await exchange(world.port, head(exe, 10 * 1024 * 1024 + 1));
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(world.audit.at(-1)).toMatchObject({
      identity: "other",
      action: "append",
      code: "unauthorized",
    });
  });

  it("answers to its own names only, and to no page of another site that changes something", async () => {
    const status = (headers: Record<string, string>, method = "GET"): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(`${world.url}/healthz`, { method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", reject);
        request.end();
      });
    expect(await status({ host: "localhost:1" })).toBe(200);
    expect(await status({ host: "[::1]" })).toBe(200);
    expect(await status({ host: "evil.example" })).toBe(421);
    expect(await status({ host: "127.0.0.1.evil.example" })).toBe(421);
    expect(await status({ origin: "http://evil.example" })).toBe(200);
    expect(await status({ origin: "http://evil.example" }, "POST")).toBe(403);
    expect(await status({ origin: "null" }, "POST")).toBe(403);
  });
});

describe("server, requests", () => {
  it("takes 0 bytes and exactly 10 MiB of any type, and refuses one byte more with the limit", async () => {
    await world.createProcess();
    for (const size of [0, 10 * 1024 * 1024]) await world.append(new Uint8Array(size));
    const response = await world.request("exe", "POST", entries, {
      body: new Uint8Array(10 * 1024 * 1024 + 1),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: "message_too_large",
      details: { limitBytes: 10_485_760 },
    });
    const views = await world.request("sub", "GET", "/v1/processes/p/channels");
    expect(await views.json()).toMatchObject({ channels: [{ first: 1, last: 2 }] });
  });

  it("refuses integers beyond 2^53−1 instead of rounding them, in JSON and in a query", async () => {
    await world.createProcess();
    const batch = (sequence: string): Promise<Response> =>
      world.request("exe", "POST", `${entries}/batch`, {
        body: `{"entries":[{"sequence":${sequence},"payload":""}]}`,
        headers: { "content-type": "application/json" },
      });
    expect((await batch("9007199254740991")).status).toBe(201);
    for (const bad of [
      "9007199254740993",
      "9007199254740992",
      "1e400",
      "1.5",
      "123456789012345678901234567890",
    ]) {
      expect(await problemOf(await batch(bad))).toEqual([400, "invalid_argument"]);
    }
    expect(
      await problemOf(await world.request("exe", "POST", `${entries}?sequence=9007199254740993`)),
    ).toEqual([400, "invalid_argument"]);
  });

  it("names what is wrong with a request, and leaves nothing half done", async () => {
    const create = async (json: unknown): Promise<unknown[]> =>
      problemOf(await world.request("sub", "POST", "/v1/processes", { json }));
    expect(await create({ id: "p", channels: [{ name: "ok" }, { name: "no/slash" }] })).toEqual([
      400,
      "invalid_argument",
    ]);
    expect(await create({ id: "../etc", channels: [] })).toEqual([400, "invalid_argument"]);
    expect(await create({ channels: [], surprise: 1 })).toEqual([400, "invalid_argument"]);
    expect(await create({ channels: "none" })).toEqual([400, "invalid_argument"]);
    expect(
      await create({ channels: Array.from({ length: 101 }, (_, i) => ({ name: `c${i}` })) }),
    ).toEqual([409, "too_many_channels"]);
    const list = await world.request("sub", "GET", "/v1/processes");
    expect(await list.json()).toEqual({ processes: [] });
    expect(
      await problemOf(
        await world.request("sub", "POST", "/v1/processes", {
          body: "{",
          headers: { "content-type": "application/json" },
        }),
      ),
    ).toEqual([400, "invalid_argument"]);
    expect(
      await problemOf(
        await world.request("sub", "POST", "/v1/processes", {
          body: "x",
          headers: { "content-type": "text/xml" },
        }),
      ),
    ).toEqual([415, "unsupported_media_type"]);
    expect(await problemOf(await world.request("sub", "GET", "/v1/nothing"))).toEqual([
      404,
      "route_not_found",
    ]);
    expect(await problemOf(await world.request("sub", "PATCH", "/v1/processes"))).toEqual([
      405,
      "method_not_allowed",
    ]);
  });

  it("says when to come back from a rate limit", async () => {
    await using strict = await ServerWorld.create({
      limits: { entryBurst: 1, entriesPerSecond: 0.5 },
    });
    await strict.createProcess();
    await strict.append("a");
    const response = await strict.request("exe", "POST", entries, { body: "b" });
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(await response.json()).toMatchObject({ code: "rate_limit_exceeded", retryable: true });
  });

  it("waits for an entry, and forgets a reader that leaves", async () => {
    await world.createProcess();
    const waiting = world.request("sub", "GET", `${entries}?wait=60`);
    await world.append("there");
    expect(await (await waiting).json()).toMatchObject({ entries: [{ payload: "dGhlcmU=" }] });
    const controller = new AbortController();
    const left = world.request("sub", "GET", `${entries}?after=1&wait=60`, {
      signal: controller.signal,
    });
    controller.abort();
    await expect(left).rejects.toThrow();
  });
});

describe("server, streams", () => {
  async function lines(response: Response): Promise<string[]> {
    return (await response.text())
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith(":"));
  }
  const close = async (): Promise<void> => {
    await world.request("exe", "POST", "/v1/processes/p/close", {
      json: { outcome: { status: "success" } },
    });
  };
  const events = { accept: "text/event-stream" };

  it("cannot be forged by line ends in a payload", async () => {
    await world.createProcess();
    await world.append("a\r\n\r\nevent: end\rdata: forged\n\nid: x\n");
    await close();
    const text = await lines(
      await world.request("sub", "GET", `${entries}?format=text`, { headers: events }),
    );
    expect(text.filter((line) => line.startsWith("event:"))).toEqual(["event: end"]);
    expect(text.filter((line) => line === "id: x")).toEqual([]);
    expect(text).toContain("data: event: end");
  });

  it("resumes by Last-Event-ID, ends with the outcome, and then answers 204", async () => {
    await world.createProcess();
    for (const payload of ["a", "b", "c"]) await world.append(payload);
    const { epoch } = (await (await world.request("sub", "GET", "/v1/processes/p")).json()) as {
      epoch: string;
    };
    await close();
    const text = await lines(
      await world.request("sub", "GET", `${entries}?after=0&format=text`, {
        headers: { ...events, "last-event-id": `${epoch}.2` },
      }),
    );
    expect(text.filter((line) => line.startsWith("data"))).toEqual([
      "data: c",
      expect.stringContaining('"outcome":{"status":"success"}'),
    ]);
    const end = text.find((line) => line.endsWith(".end"))?.slice("id: ".length) ?? "";
    expect(
      (await world.request("sub", "GET", entries, { headers: { ...events, "last-event-id": end } }))
        .status,
    ).toBe(204);
  });

  it("tells a gap in its place and goes on", async () => {
    await world.createProcess({ whenfull: "trim", maxlogentries: 2 });
    for (const payload of ["a", "b", "c", "d"]) await world.append(payload);
    await close();
    const text = await lines(
      await world.request("sub", "GET", `${entries}?after=1&format=text`, { headers: events }),
    );
    expect(text.filter((line) => /^(event|data)/.test(line)).slice(0, 4)).toEqual([
      "event: gap",
      expect.stringContaining('"reason":"trimmed","first":3'),
      "data: c",
      "data: d",
    ]);
  });

  it("gives the bytes of data entries as they are", async () => {
    await world.createProcess();
    const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 256);
    await world.append(bytes);
    await world.append("not data", "?type=progress.step");
    await world.append("end");
    await close();
    const response = await world.request("sub", "GET", entries, {
      headers: { accept: "application/octet-stream" },
    });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(
      Uint8Array.from([...bytes, ...new TextEncoder().encode("end")]),
    );
  });

  it("shows processes as they change", async () => {
    const controller = new AbortController();
    const response = await world.request("sub", "GET", "/v1/processes", {
      headers: events,
      signal: controller.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) seen += (await reader?.read())?.value ?? "";
    };
    await until("event: synced");
    expect(seen).not.toContain("event: process");
    await world.createProcess();
    await until('"state":"running"');
    await close();
    await until('"state":"closed"');
    await world.request("sub", "DELETE", "/v1/processes/p");
    await until("event: deleted");
    expect(seen.split("event: synced")).toHaveLength(2);
    controller.abort();
  });

  it("ends with a reason to come back from when the server stops, and when the token expires", async () => {
    await world.createProcess();
    const token = await world.token("sub", { exp: Math.ceil(Date.now() / 1000) + 1 });
    const expiring = await fetch(`${world.url}${entries}`, {
      headers: { ...events, authorization: `Bearer ${token}` },
    });
    expect(await expiring.text()).toContain('"reason":"token_expired"');
    const response = await world.request("sub", "GET", entries, { headers: events });
    await world.server.close();
    expect(await response.text()).toContain('"reason":"shutdown"');
  });
});
