import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../../../test/client-world.ts";
import { findAfter, findBefore } from "./find-history.ts";
import type { TextLine } from "./text-line.ts";

/** A channel of numbered lines in entries of so many bytes, which do not begin where lines do. */
async function createChannel(client: ClientWorld, text: string, entryBytes: number) {
  await client.world.createProcess();
  const payloads = text.match(new RegExp(`[^]{1,${entryBytes}}`, "g")) ?? [];
  await client.client("exe", "auto").process("p").channel("out").sendMany(payloads);
  const channel = client.client("sub", "auto").process("p").channel("out");
  return { channel, range: { first: 1, last: payloads.length } };
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");
const textOf = (line: TextLine | undefined): string | undefined => line?.text;

describe("finding in what is not there", () => {
  it("finds the nearest line above and below, whatever pages and entries it stands in", async () => {
    await using client = await ClientWorld.create();
    const { channel, range } = await createChannel(client, numbered(1, 12_000), 7);
    const { signal } = new AbortController();
    const parts: number[] = [];
    const options = { signal, onProgress: (part: number) => void parts.push(part) };
    const end = { position: range.last + 1, offset: 0 };
    const begin = { position: 1, offset: 0 };
    // Entries of 7 bytes: the whole is more than one page of them, and each line stands in two or three.
    for (const n of [1, 2, 777, 2_345, 8_000, 11_999]) {
      const query = `LINE ${n}`;
      const above = await findBefore(channel, range, end, { query, ...options });
      const below = await findAfter(channel, range, begin, { query, ...options });
      expect(textOf(below)).toBe(`line ${n}`);
      expect(textOf(above)).toMatch(new RegExp(`^line ${n}`));
      const behind = { position: above!.position, offset: above!.offset };
      const next = await findBefore(channel, range, behind, { query, ...options });
      expect(next === undefined ? 0 : Number(next.text.slice(5))).toBeLessThan(
        Number(above!.text.slice(5)),
      );
    }
    expect(parts.every((part) => part > 0 && part <= 1)).toBe(true);
  }, 60_000);

  it("finds nothing where nothing is, and stops when it is told to", async () => {
    await using client = await ClientWorld.create();
    const { channel, range } = await createChannel(client, numbered(1, 300), 50);
    const ending = new AbortController();
    const options = { query: "nowhere", signal: ending.signal, onProgress: () => undefined };
    const end = { position: range.last + 1, offset: 0 };
    expect(await findBefore(channel, range, end, options)).toBeUndefined();
    expect(await findAfter(channel, range, { position: 1, offset: 0 }, options)).toBeUndefined();
    ending.abort();
    const found = await findBefore(channel, range, end, { ...options, query: "line 1" });
    expect(found).toBeUndefined();
  });

  it("knows where a line begins, and how it looks there", async () => {
    await using client = await ClientWorld.create();
    const text = `\u001b[31m${numbered(1, 20)}`;
    const { channel, range } = await createChannel(client, text, 1_000);
    const options = {
      query: "line 12",
      signal: new AbortController().signal,
      onProgress: () => undefined,
    };
    const found = await findBefore(channel, range, { position: 2, offset: 0 }, options);
    expect(found).toMatchObject({
      position: 1,
      offset: text.indexOf("line 12"),
      style: { foreground: 1 },
    });
  });
});
