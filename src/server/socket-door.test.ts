import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSocket, readAnswer, sendRaw } from "../../test/doors/raw-request.ts";
import type { RawAnswer } from "../../test/doors/raw-request.ts";
import { ServerWorld } from "../../test/server-world.ts";
import { SocketClient } from "../../test/socket-client.ts";

let world: ServerWorld;

beforeEach(async () => {
  world = await ServerWorld.create({
    allowedOrigins: ["https://app.example.org"],
    serverLimits: { connectionsPerAddress: 3 },
  });
});

afterEach(() => world[Symbol.asyncDispose]());

const handshake: Readonly<Record<string, string>> = {
  Host: "localhost",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Protocol": "jobwire.v1.json",
};

function request(
  headers: Readonly<Record<string, string | undefined>>,
  { line = "GET /v1/socket HTTP/1.1", body = "" } = {},
): string {
  const lines = Object.entries({ ...handshake, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${[line, ...lines].join("\r\n")}\r\n\r\n${body}`;
}

/** The head of the answer, which may have no end. */
async function shakeHands(headers: Readonly<Record<string, string>>): Promise<RawAnswer> {
  const socket = await openSocket(world.port);
  socket.write(request(headers));
  const answer = await readAnswer(socket, { hasBody: false });
  socket.destroy();
  return answer;
}

async function refusal(text: string): Promise<unknown[]> {
  const { status, headers, body } = await sendRaw(world.port, text);
  const { code, requestid } = JSON.parse(body) as { code: string; requestid: string };
  expect(headers).toMatchObject({
    "content-type": "application/problem+json; charset=utf-8",
    "cache-control": "no-store",
    "x-request-id": requestid,
  });
  return [status, code];
}

describe("a handshake", () => {
  it.each<[string, Record<string, string | undefined>, number, string]>([
    ["of a foreign host", { Host: "evil.example" }, 421, "misdirected_request"],
    ["of a foreign origin", { Origin: "https://evil.example" }, 403, "origin_refused"],
    ["without a subprotocol", { "Sec-WebSocket-Protocol": undefined }, 400, "invalid_argument"],
    ["of other subprotocols", { "Sec-WebSocket-Protocol": "chat, x" }, 400, "invalid_argument"],
    ["of one twice", { "Sec-WebSocket-Protocol": "chat, chat" }, 400, "invalid_argument"],
    ["of an old version", { "Sec-WebSocket-Version": "8" }, 400, "invalid_argument"],
    ["without a key", { "Sec-WebSocket-Key": undefined }, 400, "invalid_argument"],
    ["that asks for none", { Upgrade: undefined }, 400, "invalid_argument"],
  ])("%s is refused as every request is", async (_what, headers, status, code) => {
    expect(await refusal(request(headers))).toEqual([status, code]);
    const audited = world.audit.map((line) => line.code);
    expect(audited).toEqual(status === 400 ? [] : [code]);
  });

  it("with a query, of another path or another method is refused", async () => {
    const answers = [
      await refusal(request({}, { line: "GET /v1/socket?grant=x HTTP/1.1" })),
      await refusal(request({}, { line: "GET /v1/sockets HTTP/1.1" })),
      await refusal(request({}, { line: "POST /v1/socket HTTP/1.1" })),
      await refusal(request({}, { line: "GET /v1/processes HTTP/1.1" })),
    ];
    expect(answers).toEqual([
      [400, "invalid_argument"],
      [404, "route_not_found"],
      [405, "method_not_allowed"],
      [401, "unauthenticated"],
    ]);
  });

  it("of an origin that may use the server, or of its own, is taken", async () => {
    for (const Origin of ["https://app.example.org", "http://localhost"]) {
      const { status, headers } = await shakeHands({ Origin });
      expect([status, headers["sec-websocket-protocol"]]).toEqual([101, "jobwire.v1.json"]);
    }
  });

  it("takes the first subprotocol of the client that it knows, and compresses nothing", async () => {
    const { headers } = await shakeHands({
      "Sec-WebSocket-Protocol": "chat, jobwire.v1.json, jobwire.v1.binary",
      "Sec-WebSocket-Extensions": "permessage-deflate",
    });
    expect(headers["sec-websocket-protocol"]).toBe("jobwire.v1.json");
    expect(headers["sec-websocket-extensions"]).toBeUndefined();
  });

  it("of a connection too many is refused, and one that goes makes room", async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(() => SocketClient.greeted(world, "json", "sub")),
    );
    expect(await refusal(request({}))).toEqual([429, "too_many_requests"]);
    clients[0]?.socket.terminate();
    await clients[0]?.closed();
    let status = 0;
    while (status !== 101) ({ status } = await shakeHands({}));
  });
});

it("an offer of another protocol is ignored, and the body that it came with is read", async () => {
  await world.createProcess();
  const body = "x".repeat(200_000);
  const text = request(
    {
      Connection: "Upgrade, HTTP2-Settings",
      Upgrade: "h2c",
      "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA",
      Authorization: `Bearer ${await world.token("exe")}`,
      "Content-Length": String(body.length),
    },
    { line: "POST /v1/processes/p/channels/out/entries HTTP/1.1" },
  );
  const socket = await openSocket(world.port);
  // In parts, so that some of it comes behind the hand-over.
  socket.write(text + body.slice(0, 1_000));
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += String(chunk)));
  socket.write(body.slice(1_000));
  while (!answer.includes("cursor")) await once(socket, "data");
  expect(answer).toMatch(/^HTTP\/1\.1 201 /);
  // The connection lives on, and is counted once.
  answer = "";
  socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  while (!answer.includes("\r\n\r\n")) await once(socket, "data");
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
  const response = await world.request("sub", "GET", "/v1/processes/p/channels/out/entries");
  const { entries } = (await response.json()) as { entries: { payload: string }[] };
  expect(Buffer.from(entries[0]?.payload ?? "", "base64").toString()).toBe(body);
});
