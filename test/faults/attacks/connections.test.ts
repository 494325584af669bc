import type { Socket } from "node:net";
import { signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import { tally } from "./attacker.ts";
import type { Attacker } from "./attacker.ts";

/** Sends a little at a time until there is an answer. */
async function trickle(attacker: Attacker, sockets: Socket[], start: string): Promise<string[]> {
  for (const socket of sockets) socket.write(start);
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("x");
  }, 50);
  try {
    return await Promise.all(sockets.map((socket) => attacker.verdict(socket)));
  } finally {
    clearInterval(timer);
  }
}

attackSuite(
  "connections that",
  [
    {
      name: "say nothing",
      run: async (attacker) => {
        const sockets = await attacker.openMany(400);
        return tally(await Promise.all(sockets.map((socket) => attacker.verdict(socket))));
      },
      answer: { "408 request_timeout": 400 },
    },
    {
      name: "trickle a header",
      run: async (attacker) => {
        const sockets = await attacker.openMany(300);
        return tally(await trickle(attacker, sockets, `GET /healthz HTTP/1.1\r\nx-slow: `));
      },
      answer: { "408 request_timeout": 300 },
    },
    {
      name: "trickle a body",
      run: async (attacker) => {
        const token = await signToken("attacker");
        const path = "/v1/processes/p/channels/out/entries";
        const head = attacker.head(`POST ${path}`, ["Content-Length: 1000"], token);
        return tally(await trickle(attacker, await attacker.openMany(300), head));
      },
      answer: { "408 request_timeout": 300 },
    },
    {
      name: "are too many",
      run: async (attacker) => {
        const ask = async (): Promise<string> => {
          const socket = await attacker.open();
          if (socket.writable) socket.write(attacker.head("GET /healthz"));
          return await attacker.verdict(socket);
        };
        const verdicts: string[] = [];
        while (verdicts.length < 1_100)
          verdicts.push(...(await Promise.all(Array.from({ length: 100 }, ask))));
        const silent = await attacker.openMany(300);
        const cut = await Promise.all(silent.map((socket) => attacker.verdict(socket)));
        return { asking: tally(verdicts), silent: tally(cut) };
      },
      // A thousand are taken, and the next hear why they are not, if they ask.
      answer: {
        asking: { "200": 1_000, "429 too_many_requests": 100 },
        silent: { closed: 300 },
      },
    },
    {
      name: "have a header that is too large",
      run: (attacker) =>
        attacker.send(attacker.head("GET /healthz", [`x-large: ${"a".repeat(17_000)}`])),
      answer: "431 header_too_large",
    },
    {
      name: "have too many headers",
      run: (attacker) =>
        attacker.send(
          attacker.head(
            "GET /healthz",
            Array.from({ length: 2_500 }, () => "a: b12345"),
          ),
        ),
      answer: "431 header_too_large",
    },
    {
      name: "have a target that is too long",
      run: (attacker) => attacker.send(attacker.head(`GET /v1/${"a".repeat(17_000)}`)),
      answer: "431 header_too_large",
    },
    {
      name: "are no HTTP",
      run: async (attacker) => [
        await attacker.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(10)),
        await attacker.send("SSH-2.0-OpenSSH_9.6\r\n"),
        await attacker.send("GET /healthz HTTP/1.1\r\nHost: a\r\nx: a\0b\r\n\r\n"),
        await attacker.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      ],
      answer: Array.from({ length: 4 }, () => "400 invalid_argument"),
    },
    {
      name: "smuggle one request behind another",
      run: async (attacker) => {
        const hidden = "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        const framings = [
          ["Content-Length: 5", "Transfer-Encoding: chunked"],
          ["Transfer-Encoding: chunked", "Content-Length: 5"],
          ["Content-Length: 5", "Content-Length: 6"],
          ["Transfer-Encoding: xchunked"],
          ["Transfer-Encoding : chunked"],
          ["Content-Length: +5"],
        ];
        const token = await signToken("attacker");
        const verdicts: string[] = [];
        for (const lines of framings)
          verdicts.push(
            await attacker.send(attacker.head("POST /v1/processes", lines, token) + hidden),
          );
        return tally(verdicts);
      },
      answer: { "400 invalid_argument": 6 },
    },
  ],
  { limits: { connectionsPerAddress: 1_000, headerMs: 1_500, requestMs: 2_500 } },
);
