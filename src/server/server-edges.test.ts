import { afterEach, describe, expect, it } from "vitest";
import { openSocket, readAnswer, sendRaw } from "../../test/doors/raw-request.ts";
import { problemOf, ServerWorld } from "../../test/server-world.ts";

const entries = "/v1/processes/p/channels/out/entries";
let world: ServerWorld;

afterEach(() => world[Symbol.asyncDispose]());

async function open(options: Parameters<typeof ServerWorld.create>[0] = {}): Promise<void> {
  world = await ServerWorld.create(options);
  await world.createProcess();
}

const close = async (): Promise<void> => {
  const json = { outcome: { status: "success" } };
  await world.request("exe", "POST", "/v1/processes/p/close", { json });
};

describe("closed history", () => {
  it.each(["application/json", "application/octet-stream"])(
    "of %s needs to be read once only",
    async (accept) => {
      await open();
      await world.append("all");
      const read = async (tag?: string): Promise<Response> =>
        await world.request("sub", "GET", entries, {
          headers: { accept, ...(tag === undefined ? {} : { "if-none-match": tag }) },
        });
      const page = await world.request("sub", "GET", entries);
      expect([page.headers.get("etag"), page.headers.get("cache-control")]).toEqual([
        null,
        "no-store",
      ]);
      await close();
      const whole = await read();
      const tag = whole.headers.get("etag") ?? "";
      expect(whole.headers.get("cache-control")).toBe("private, no-cache");
      expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(0);
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
        const again = await read(known);
        expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([
          304,
          "",
          tag,
        ]);
      }
      expect((await read('"other"')).status).toBe(200);
      // Who may not read it is not told that nothing has changed.
      const stranger = await world.request("stranger", "GET", entries, {
        headers: { "if-none-match": tag },
      });
      expect(stranger.status).toBe(403);
    },
  );

  it("of json and of bytes are told apart", async () => {
    await open();
    await close();
    const tags = await Promise.all(
      ["application/json", "application/octet-stream"].map(async (accept) =>
        (await world.request("sub", "GET", entries, { headers: { accept } })).headers.get("etag"),
      ),
    );
    expect(new Set(tags).size).toBe(2);
  });
});

describe("HEAD of a channel", () => {
  it("tells in headers what GET tells", async () => {
    await open();
    await world.append("hello");
    const path = "/v1/processes/p/channels/out";
    const head = await world.request("sub", "HEAD", path);
    const get = await world.request("sub", "GET", path);
    const { epoch, bytes } = (await get.json()) as { epoch: string; bytes: number };
    expect([head.status, await head.text()]).toEqual([200, ""]);
    for (const { headers } of [head, get])
      expect(
        ["first", "last", "bytes", "cursor"].map((name) => headers.get(`jobwire-${name}`)),
      ).toEqual(["1", "1", String(bytes), `${epoch}.1`]);
    expect((await world.request("sub", "HEAD", entries)).status).toBe(405);
  });
});

describe("heartbeats", () => {
  it("tell once that everything was read, and then after each silence", async () => {
    await open({ heartbeatMs: 20 });
    await world.append("a");
    const controller = new AbortController();
    const response = await world.request("sub", "GET", entries, {
      headers: { accept: "text/event-stream" },
      signal: controller.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (seen.split("event: heartbeat").length < 4) seen += (await reader?.read())?.value ?? "";
    controller.abort();
    expect(seen).toMatch(/^retry: 1000\n\nid: \w+\.0\n\nid: \w+\.1\ndata: /);
    expect(seen).toMatch(/event: heartbeat\ndata: \{"cursor":"\w+\.1","last":1\}\n\n/);
    const { headers } = response;
    expect([headers.get("x-accel-buffering"), headers.get("cache-control")]).toEqual([
      "no",
      "no-store",
    ]);
  });
});

describe("pages of other origins", () => {
  const friend = "https://app.example.org";

  it("read answers and refusals if their origin is named", async () => {
    await open({ allowedOrigins: [friend] });
    const from = (origin: string, path: string, method = "GET"): Promise<Response> =>
      world.request("sub", method, path, { headers: { origin } });
    for (const path of [entries, "/v1/processes/none", "/v1/nothing"]) {
      const answer = await from(friend, path);
      expect(answer.headers.get("access-control-allow-origin")).toBe(friend);
      expect(answer.headers.get("vary")).toContain("origin");
    }
    const nobody = await fetch(world.url + entries, { headers: { origin: friend } });
    expect([nobody.status, nobody.headers.get("access-control-allow-origin")]).toEqual([
      401,
      friend,
    ]);
    expect((await from(friend, "/v1/processes/p/cancel", "POST")).status).toBe(200);
    const stranger = await from("https://evil.example", entries);
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
    const cancel = await from("https://evil.example", "/v1/processes/p/cancel", "POST");
    expect(await problemOf(cancel)).toEqual([403, "origin_refused"]);
    const stream = await world.request("sub", "GET", entries, {
      headers: { origin: friend, accept: "text/event-stream" },
    });
    expect(stream.headers.get("access-control-allow-origin")).toBe(friend);
    await stream.body?.cancel();
  });

  it("are told by a preflight what they may send", async () => {
    await open({ allowedOrigins: [friend] });
    const ask = async (origin: string): Promise<Response> =>
      await fetch(world.url + entries, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const answer = await ask(friend);
    expect([answer.status, answer.headers.get("access-control-allow-methods")]).toEqual([
      204,
      "GET, HEAD, POST, PUT, DELETE",
    ]);
    expect(answer.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(await problemOf(await ask("https://evil.example"))).toEqual([403, "origin_refused"]);
  });

  it("are named as origins and nothing else", async () => {
    await expect(open({ allowedOrigins: ["https://app.example.org/path"] })).rejects.toThrow(
      "origin",
    );
    await expect(open({ allowedOrigins: ["*"] })).rejects.toThrow("origin");
    await open();
  });
});

describe("request ids", () => {
  it("are the client's own where they can do no harm", async () => {
    await open();
    const idOf = async (id: string): Promise<string | null> =>
      (
        await world.request("sub", "GET", "/v1/processes/p", { headers: { "x-request-id": id } })
      ).headers.get("x-request-id");
    expect(await idOf("build-7.3_a")).toBe("build-7.3_a");
    expect(await idOf("a b")).toMatch(/^[0-9a-f-]{36}$/);
    const refused = await world.request("sub", "GET", "/v1/processes/none", {
      headers: { "x-request-id": "mine" },
    });
    expect(await refused.json()).toMatchObject({ requestid: "mine" });
  });
});

describe("limits of what one client can hold", () => {
  const head = (lines: readonly string[]): string =>
    [`GET /healthz HTTP/1.1`, `Host: 127.0.0.1:${world.port}`, ...lines, "\r\n"].join("\r\n");
  const codeOf = ({ body }: { body: string }): string =>
    (JSON.parse(body) as { code: string }).code;

  it("refuse a header that is too large", async () => {
    await open({ serverLimits: { headerBytes: 4096 } });
    const answer = await sendRaw(world.port, head([`x-large: ${"a".repeat(5000)}`]));
    expect([answer.status, codeOf(answer)]).toEqual([431, "header_too_large"]);
  });

  it("refuse a request that does not arrive in time, in its head and in its body", async () => {
    await open({ serverLimits: { headerMs: 200, requestMs: 400 } });
    const silent = await sendRaw(world.port, "GET /healthz HTTP/1.1\r\nHo");
    expect([silent.status, codeOf(silent)]).toEqual([408, "request_timeout"]);
    const token = await world.token("exe");
    const slow = await sendRaw(
      world.port,
      `POST ${entries} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\nhalf`,
    );
    expect([slow.status, codeOf(slow)]).toEqual([408, "request_timeout"]);
  });

  it("tell a connection too many why it is one, and take the next when one has gone", async () => {
    await open({ serverLimits: { connectionsPerAddress: 3 } });
    // From an address of its own: what this test asks besides comes from another one.
    const sockets = await Promise.all([1, 2, 3, 4].map(() => openSocket(world.port, "127.0.0.9")));
    const answers = await Promise.all(
      sockets.map((socket) => {
        socket.write(head([]));
        return readAnswer(socket);
      }),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(codeOf)).toEqual(["too_many_requests"]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => {
        const socket = await openSocket(world.port, "127.0.0.9");
        socket.write(head([]));
        const { status } = await readAnswer(socket);
        socket.destroy();
        return status;
      })
      .toBe(200);
  });

  it("refuse bodies beyond what all of them may hold, before they are read", async () => {
    await open({ serverLimits: { bodyBytes: 1_000 } });
    const token = await world.token("exe");
    const post = (bytes: number): string =>
      `POST ${entries} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${bytes}\r\n\r\n`;
    const first = await openSocket(world.port);
    first.write(post(400));
    // It has its share once the server has read its head: until then others are let in.
    await expect
      .poll(async () => codeOrStatus(await sendRaw(world.port, `${post(200)}${"x".repeat(200)}`)))
      .toBe("too_many_requests");
    first.write("y".repeat(400));
    expect((await readAnswer(first)).status).toBe(201);
    first.destroy();
    expect((await sendRaw(world.port, `${post(200)}${"x".repeat(200)}`)).status).toBe(201);
  });

  function codeOrStatus(answer: { status: number; body: string }): string {
    return answer.status < 300 ? String(answer.status) : codeOf(answer);
  }

  it("count what comes through a proxy under the address that it names", async () => {
    await open({ trustedProxies: ["127.0.0.0/8"], serverLimits: { requestsPerAddress: 1 } });
    const token = await world.token("exe");
    const post = (address: string): string =>
      `POST ${entries} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: ${address}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1\r\n\r\n`;
    const first = await openSocket(world.port);
    first.write(post("192.0.2.1"));
    await expect
      .poll(async () => codeOrStatus(await sendRaw(world.port, `${post("192.0.2.1")}x`)))
      .toBe("too_many_requests");
    expect((await sendRaw(world.port, `${post("192.0.2.2")}x`)).status).toBe(201);
    first.destroy();
  });
});
