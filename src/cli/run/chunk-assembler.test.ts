import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkAssembler, incompleteTailBytes } from "./chunk-assembler.ts";

const utf8 = new TextEncoder();

/** Cuts bytes at arbitrary places, as pipes do. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort(
    (a, b) => a - b,
  );
  return [...places, bytes.byteLength].map((end, i) =>
    bytes.subarray(i === 0 ? 0 : places[i - 1], end),
  );
}

function takeAll(
  assembler: ChunkAssembler,
  bytesMax: number,
  options?: { rest: boolean },
): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (
    let part = assembler.take(bytesMax, options);
    part !== undefined;
    part = assembler.take(bytesMax, options)
  ) {
    taken.push(part);
  }
  return taken;
}

describe("ChunkAssembler", () => {
  it("gives out exactly what it took in, whatever the bytes and the cuts", () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat()),
      fc.integer({ min: 1, max: 80 }),
      fc.boolean(),
      (bytes, cuts, bytesMax, between) => {
        const assembler = new ChunkAssembler();
        const taken: Uint8Array[] = [];
        for (const chunk of split(bytes, cuts)) {
          assembler.push(chunk);
          if (between) taken.push(...takeAll(assembler, bytesMax));
        }
        taken.push(...takeAll(assembler, bytesMax, { rest: true }));
        expect(Buffer.concat(taken)).toEqual(Buffer.from(bytes));
        expect(taken.every((part) => part.byteLength > 0 && part.byteLength <= bytesMax)).toBe(
          true,
        );
        expect(assembler.bytes).toBe(0);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it("ends every payload of a text at a character", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const property = fc.property(
      fc.string({ unit: "binary", maxLength: 120 }),
      fc.array(fc.nat()),
      fc.integer({ min: 4, max: 40 }),
      (text, cuts, bytesMax) => {
        const assembler = new ChunkAssembler();
        let read = "";
        for (const chunk of split(utf8.encode(text), cuts)) {
          assembler.push(chunk);
          for (const part of takeAll(assembler, bytesMax)) read += strict.decode(part);
        }
        expect(read).toBe(text);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it("holds back the beginning of a character until its rest comes", () => {
    const assembler = new ChunkAssembler();
    assembler.push(Uint8Array.of(0x61, 0xe2, 0x82));
    expect(assembler.take(100)).toEqual(Uint8Array.of(0x61));
    expect(assembler.take(100)).toBeUndefined();
    expect(assembler.bytes).toBe(2);
    assembler.push(Uint8Array.of(0xac));
    expect(assembler.take(100)).toEqual(Uint8Array.of(0xe2, 0x82, 0xac));
  });

  it("gives out the beginning of a character where the rest does not come", () => {
    const assembler = new ChunkAssembler();
    assembler.push(Uint8Array.of(0xf0, 0x9f));
    expect(assembler.take(100)).toBeUndefined();
    expect(assembler.take(100, { rest: true })).toEqual(Uint8Array.of(0xf0, 0x9f));
  });

  it("leaves what it gave out untouched by what comes later", () => {
    const assembler = new ChunkAssembler();
    assembler.push(utf8.encode("first"));
    const first = assembler.take(100);
    assembler.push(utf8.encode("second"));
    expect(Buffer.from(first!).toString()).toBe("first");
    expect(Buffer.from(assembler.take(100)!).toString()).toBe("second");
  });
});

describe("incompleteTailBytes", () => {
  it.each([
    ["nothing", [], 0],
    ["plain text", [0x61], 0],
    ["a lead byte", [0x61, 0xc3], 1],
    ["two of three", [0xe2, 0x82], 2],
    ["three of four", [0xf0, 0x9f, 0x98], 3],
    ["four of four", [0xf0, 0x9f, 0x98, 0x80], 0],
    ["continuations without a lead", [0x82, 0x82, 0x82, 0x82], 0],
    ["a byte that begins nothing", [0xff], 0],
    ["a lead of an overlong form", [0xc0], 0],
  ])("counts %s", (_name, bytes, expected) => {
    expect(incompleteTailBytes(Uint8Array.from(bytes))).toBe(expected);
  });
});
