import { once } from "node:events";
import { expect } from "vitest";
import { signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import { tally } from "./attacker.ts";
import type { Attacker } from "./attacker.ts";

const entries = "/v1/processes/p/channels/out/entries";
const json = "Content-Type: application/json";
const MiB = 1024 * 1024;

/** A request with a whole body. */
async function post(attacker: Attacker, path: string, body: string): Promise<string> {
  const lines = [json, `Content-Length: ${Buffer.byteLength(body)}`];
  return await attacker.send(
    attacker.head(`POST ${path}`, lines, await signToken("attacker")) + body,
  );
}

/** Sends the same again and again, until there is a verdict. */
async function flood(attacker: Attacker, lines: string[], part: string): Promise<string> {
  const socket = await attacker.open();
  socket.write(attacker.head(`POST ${entries}`, lines, await signToken("attacker")));
  const answered = { is: false };
  const verdict = attacker.verdict(socket).finally(() => (answered.is = true));
  while (!answered.is && socket.writable)
    // Where the connection goes before all was taken, the verdict decides.
    if (!socket.write(part))
      await Promise.race([once(socket, "drain").catch(() => undefined), verdict]);
  return await verdict;
}

/** What is sent on behind a refusal may reset the connection before the answer was read (RFC 9112, 9.6). */
const refusedOrCut = expect.stringMatching(/^(413 message_too_large|closed)$/);
const tooLong = ["Content-Length: 1000000000"];

attackSuite("bodies that", [
  {
    name: "announce more than any may be",
    run: async (attacker) =>
      await attacker.send(
        attacker.head(`POST ${entries}`, [json, ...tooLong], await signToken("attacker")),
      ),
    answer: "413 message_too_large",
  },
  {
    name: "come although their length was refused",
    run: (attacker) => flood(attacker, tooLong, "x".repeat(MiB)),
    answer: refusedOrCut,
  },
  {
    name: "never end",
    run: (attacker) =>
      flood(
        attacker,
        ["Transfer-Encoding: chunked"],
        `${MiB.toString(16)}\r\n${"x".repeat(MiB)}\r\n`,
      ),
    answer: refusedOrCut,
  },
  {
    name: "are announced by many, and hold what others need",
    run: async (attacker) => {
      const sockets = await attacker.openMany(40);
      const head = attacker.head(
        `POST ${entries}`,
        [`Content-Length: ${10 * MiB}`],
        await signToken("attacker"),
      );
      for (const socket of sockets) socket.write(head);
      const refused = await Promise.all(
        sockets.slice(12).map((socket) => attacker.verdict(socket)),
      );
      return tally(refused);
    },
    // Twelve of 10 MiB are half of what all bodies may take.
    answer: { "429 too_many_requests": 28 },
  },
  {
    name: "wait for a word before they come",
    run: async (attacker) => {
      const lines = ["Content-Length: 10000", "Expect: 100-continue"];
      return [
        await attacker.send(attacker.head(`POST ${entries}`, lines)),
        await attacker.send(attacker.head(`POST ${entries}`, lines, await signToken("stranger"))),
      ];
    },
    // Not 100: the body is not even asked for.
    answer: ["401 unauthenticated", "403 unauthorized"],
  },
  {
    name: "are nested millions of times",
    run: async (attacker) => [
      await post(attacker, "/v1/processes", "[".repeat(MiB)),
      await post(attacker, "/v1/processes", '{"a":'.repeat(200_000)),
      await post(attacker, `${entries}/batch`, "[".repeat(20 * MiB)),
      await post(attacker, `${entries}/batch`, `{"entries":${"[".repeat(20 * MiB)}`),
    ],
    answer: Array.from({ length: 4 }, () => "400 invalid_argument"),
  },
  {
    name: "are millions of small values",
    run: async (attacker) => [
      await post(attacker, `${entries}/batch`, `{"entries":[${"{},".repeat(6 * MiB)}{}]}`),
      await post(attacker, `${entries}/batch`, `{"entries":[${"{},".repeat(10_000)}{}]}`),
      await post(attacker, "/v1/processes", `{"channels":[${'{"name":"x"},'.repeat(9_000)}{}]}`),
    ],
    answer: ["400 invalid_argument", "413 batch_too_large", "400 invalid_argument"],
  },
  {
    name: "are broken JSON, or none",
    run: async (attacker) => [
      await post(attacker, "/v1/processes", `"${"\\".repeat(MiB - 10)}`),
      await post(attacker, "/v1/processes", `{"id":"${"a".repeat(MiB - 100)}`),
      await post(attacker, "/v1/processes", "9".repeat(MiB - 1)),
      await post(attacker, "/v1/processes", " ".repeat(MiB - 1)),
    ],
    answer: Array.from({ length: 4 }, () => "400 invalid_argument"),
  },
  {
    name: "want to change what all objects are made of",
    run: async (attacker) => {
      const channels = '"channels":[{"name":"a"}]';
      const verdicts: string[] = [];
      for (const key of ["__proto__", "constructor", "prototype", "toString"])
        verdicts.push(
          await post(attacker, "/v1/processes", `{"${key}":{"isAdmin":true},${channels}}`),
          await post(attacker, "/v1/processes", `{"channels":[{"name":"a","${key}":{"x":1}}]}`),
          await post(attacker, `/v1/processes?${key}[isAdmin]=true`, `{${channels}}`),
          await post(attacker, `/v1/processes?${key}=1`, `{${channels}}`),
        );
      return tally(verdicts);
    },
    answer: { "400 invalid_argument": 16 },
  },
]);
