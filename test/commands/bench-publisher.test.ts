import { expect, it } from "vitest";
import { GroupPublisher } from "../../bench/wire/group-publisher.mjs";
import { ServerWorld, signToken } from "../server-world.ts";

it("publishes in groups what the server takes, each entry once, with its number", async () => {
  await using world = await ServerWorld.create();
  const channels = [{ name: "out" }];
  await world.request("ada", "POST", "/v1/processes", { json: { id: "p", channels } });
  const address = { url: world.server.url, token: await signToken("ada") };
  const group = { process: "p", entries: 8, bytes: 32, windowBytes: 3 * 8 * 32 };
  const publisher = await GroupPublisher.open(address, group);

  const sent = [publisher.send(), publisher.send(), publisher.send(), publisher.send()];
  while (!publisher.isIdle) await publisher.whenAnswered();

  expect(sent).toEqual([true, true, true, false]);
  expect(publisher).toMatchObject({ accepted: 24, refused: {} });
  const path = "/v1/processes/p/channels/out/entries";
  const read = await world.request("ada", "GET", path);
  const { entries } = (await read.json()) as {
    readonly entries: readonly { readonly sequence: number; readonly payload: string }[];
  };
  expect(entries.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 24 }, (_, index) => index + 1),
  );
  expect(entries.every(({ payload }) => payload === btoa("x".repeat(32)))).toBe(true);
  publisher.close();
});
