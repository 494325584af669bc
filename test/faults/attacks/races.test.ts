import { signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import { tally, verdictOf } from "./attacker.ts";

interface Ack {
  readonly entries: readonly { readonly position: number }[];
}

attackSuite("requests at the same time that", [
  {
    name: "create one process",
    run: async (attacker, world) => {
      const create = async (label: string): Promise<string> => {
        const json = { id: "one", label, channels: [{ name: "out" }] };
        const response = await world.request("attacker", "POST", "/v1/processes", { json });
        return verdictOf({ status: response.status, body: await response.text() });
      };
      const same = await Promise.all(Array.from({ length: 100 }, () => create("same")));
      const other = await Promise.all(Array.from({ length: 20 }, () => create("other")));
      return { same: tally(same), other: tally(other) };
    },
    answer: { same: { "200": 99, "201": 1 }, other: { "409 process_exists": 20 } },
  },
  {
    name: "create and delete one process",
    run: async (_attacker, world) => {
      const json = { id: "flicker", channels: [{ name: "out" }] };
      const verdicts = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const response =
            i % 2 === 0
              ? await world.request("attacker", "POST", "/v1/processes", { json })
              : await world.request("attacker", "DELETE", "/v1/processes/flicker");
          return verdictOf({ status: response.status, body: await response.text() });
        }),
      );
      const expected = ["200", "201", "204", "404 process_not_found"];
      return verdicts.filter((verdict) => !expected.includes(verdict));
    },
    answer: [],
  },
  {
    name: "append while it is closed",
    run: async (_attacker, world) => {
      await world.createProcess("closing", "attacker");
      const path = "/v1/processes/closing/channels/out/entries";
      const acknowledged: number[] = [];
      const refusals: string[] = [];
      const write = async (producer: string): Promise<void> => {
        for (let sequence = 1; ; sequence++) {
          const target = `${path}?producer=${producer}&sequence=${sequence}`;
          const response = await world.request("attacker", "POST", target, { body: "x" });
          const body = await response.text();
          if (response.status !== 201) {
            refusals.push(verdictOf({ status: response.status, body }));
            return;
          }
          acknowledged.push(...(JSON.parse(body) as Ack).entries.map(({ position }) => position));
          if (acknowledged.length === 200) await close();
        }
      };
      const close = async (): Promise<void> => {
        const json = { outcome: { status: "success" } };
        await world.request("attacker", "POST", "/v1/processes/closing/close", { json });
      };
      await Promise.all(Array.from({ length: 20 }, (_, i) => write(`w${i}`)));
      const read = await world.request("attacker", "GET", `${path}?limit=1000`);
      const { entries } = (await read.json()) as Ack;
      const kept = entries.map(({ position }) => position);
      return {
        refusals: tally(refusals),
        // Whatever was acknowledged is before the seal, and nothing else is.
        isSame: JSON.stringify(acknowledged.sort((a, b) => a - b)) === JSON.stringify(kept),
      };
    },
    answer: { refusals: { "409 process_closed": 20 }, isSame: true },
  },
  {
    name: "repeat one entry",
    run: async (_attacker, world) => {
      const path = "/v1/processes/p/channels/out/entries?producer=twice&sequence=1";
      const token = await signToken("attacker");
      const headers = { authorization: `Bearer ${token}` };
      const verdicts = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const body = i % 10 === 9 ? "another" : "the same";
          const response = await fetch(world.url + path, { method: "POST", headers, body });
          return verdictOf({ status: response.status, body: await response.text() });
        }),
      );
      return tally(verdicts);
    },
    answer: { "200": 89, "201": 1, "409 sequence_conflict": 10 },
  },
]);
