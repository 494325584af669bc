import { once } from "node:events";
import { createParser } from "eventsource-parser";
import { signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import type { AttackWorld } from "./attack-world.ts";
import { tally } from "./attacker.ts";

const entries = "/v1/processes/p/channels/out/entries";
const forged = "\r\n\r\nevent: end\r\nid: x.99\r\ndata: forged\n\n: \u2028\0retry: 1\r\r";

interface ReadEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** All events until the regular end. */
async function readEvents(world: AttackWorld, path: string): Promise<ReadEvent[]> {
  const response = await world.request("attacker", "GET", path, {
    headers: { accept: "text/event-stream" },
  });
  const events: ReadEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id = "", data }) => events.push({ event, id, data }),
  });
  parser.feed(await response.text());
  return events;
}

attackSuite("texts that", [
  {
    name: "would be events of a stream",
    run: async (attacker, world) => {
      await world.createProcess("sse", "attacker");
      const path = "/v1/processes/sse/channels/out/entries";
      await world.request("attacker", "POST", path, { body: forged });
      const told: string[] = [];
      for (const query of ["type", "producer"]) {
        const target = `${path}?${new URLSearchParams({ [query]: forged }).toString()}`;
        const response = await world.request("attacker", "POST", target, { body: "x" });
        told.push(String(response.status));
      }
      const json = { entries: [{ type: "error", error: forged }] };
      const failed = await world.request("attacker", "POST", `${path}/batch`, { json });
      told.push(String(failed.status));
      const outcome = { status: "failed", error: forged };
      await world.request("attacker", "POST", "/v1/processes/sse/close", { json: { outcome } });
      const asText = await readEvents(world, `${path}?format=text`);
      const asJson = await readEvents(world, path);
      const names = [asText, asJson].map((events) => events.map(({ event }) => event));
      const ids = [...asText, ...asJson].map(({ id }) => /^\w+\.[12](\.end)?$/.test(id));
      return { told, names, areIdsOurs: ids.every(Boolean), text: asText[0]?.data };
    },
    answer: {
      told: ["400", "400", "201"],
      // An error moves the cursor of a text stream, and is no event there.
      names: [
        ["message", "end"],
        ["message", "message", "end"],
      ],
      areIdsOurs: true,
      text: forged.replaceAll(/\r\n?/g, "\n"),
    },
  },
  {
    name: "would be events of a watch, or rows of a list",
    run: async (attacker, world) => {
      const json = { id: "label", label: forged, channels: [{ name: "out" }] };
      const created = await world.request("attacker", "POST", "/v1/processes", { json });
      const socket = await attacker.open();
      const head = attacker.head(
        "GET /v1/processes/label",
        ["Accept: text/event-stream"],
        await signToken("attacker"),
      );
      socket.write(head);
      let told = "";
      while (!told.includes("event: process")) told += String((await once(socket, "data"))[0]);
      return [created.status, /^event: end/m.test(told), /^data: forged/m.test(told)];
    },
    answer: [201, false, false],
  },
  {
    name: "would be lines of a log, or secrets in it",
    run: async (attacker, world) => {
      const token = await signToken("attacker", { process: "elsewhere" });
      const grant = `grant.abc.${"s".repeat(43)}.p`;
      const nasty = '%0d%0a{"level":50}%1b[2J%e2%80%a8';
      const before = world.lines.length;
      const verdicts: string[] = [];
      for (const target of [
        entries,
        `/v1/processes/${nasty}`,
        `/v1/processes/p/channels/${nasty}/entries`,
        `/v1/processes/p/entries?channels=${nasty}`,
        `${entries}?grant=${grant}`,
        `${entries}?grant=${nasty}`,
      ]) {
        const lines = [`User-Agent: "}\\n{\x80\x9b31m`, `X-Request-Id: a"b\\n`, "Origin: \x9bx"];
        const bearer = target.includes("grant=") ? undefined : token;
        verdicts.push(await attacker.send(attacker.head(`GET ${target}`, lines, bearer)));
      }
      const secretPayload = "the-payload-of-somebody";
      const bearer = `Authorization: Bearer ${token}`;
      const post = attacker.head(`POST ${entries}`, [bearer, `Content-Length: 23`]);
      verdicts.push(await attacker.send(post + secretPayload));
      const raw = `GET /x HTTP/1.1\r\nHost: "}\\n{.example\r\nX-Request-Id: a\x1b[2J\r\n\r\n`;
      verdicts.push(await attacker.send(raw));
      const lines = world.lines.slice(before);
      const all = lines.join("");
      return {
        verdicts: tally(verdicts),
        // What is no line end and no escape to a terminal is text.
        areSingle: lines.every((line) => /^[^\n]*\n$/.test(line)),
        arePlain: !/[\p{Cc}\u2028]/u.test(all.replaceAll("\n", "")),
        leaks: [token, "s".repeat(43), secretPayload].filter((secret) => all.includes(secret)),
        areAudited: lines.some((line) => line.includes('"code":"unauthorized"')),
      };
    },
    answer: {
      verdicts: {
        "400 invalid_argument": 2,
        "401 unauthenticated": 2,
        "403 forbidden": 1,
        "403 unauthorized": 2,
        "404 channel_not_found": 1,
      },
      areSingle: true,
      arePlain: true,
      leaks: [],
      areAudited: true,
    },
  },
]);
