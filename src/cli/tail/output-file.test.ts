import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputFile } from "./output-file.ts";

const channel = { processId: "p1", channel: "stdout" };
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "jobwire-tail-"));
  path = join(directory, "out");
});

afterEach(() => rm(directory, { recursive: true }));

async function writeCommitted(text: string, cursor: string): Promise<void> {
  const file = await OutputFile.open(path, channel);
  await file.write(Buffer.from(text));
  await file.commit(cursor);
  await file.close();
}

const content = (): Promise<string> => readFile(path, "utf8");

describe("OutputFile", () => {
  it("goes on after what was committed", async () => {
    await writeCommitted("one ", "c1");
    await writeCommitted("two", "c2");
    expect(await content()).toBe("one two");
    const file = await OutputFile.open(path, channel);
    expect(file.cursor).toBe("c2");
    await file.close();
  });

  it("drops bytes whose record was not written: they come again", async () => {
    await writeCommitted("one ", "c1");
    const killed = await OutputFile.open(path, channel);
    await killed.write(Buffer.from("half of tw"));
    await killed.close();
    await writeCommitted("two", "c2");
    expect(await content()).toBe("one two");
  });

  it("begins again where it was killed before the first record", async () => {
    const killed = await OutputFile.open(path, channel);
    expect(killed.cursor).toBeUndefined();
    await killed.write(Buffer.from("lost"));
    await killed.close();
    await writeCommitted("all", "c1");
    expect(await content()).toBe("all");
  });

  it("leaves a file alone that is not its own", async () => {
    await writeFile(path, "precious");
    await expect(OutputFile.open(path, channel)).rejects.toThrow("not a copy made by tail");
    expect(await content()).toBe("precious");
  });

  it("refuses the copy of another channel or process", async () => {
    await writeCommitted("one", "c1");
    await expect(OutputFile.open(path, { ...channel, channel: "stderr" })).rejects.toThrow(
      "choose another file",
    );
    await expect(OutputFile.open(path, { ...channel, processId: "p2" })).rejects.toThrow(
      "choose another file",
    );
    expect(await content()).toBe("one");
  });

  it("refuses a file that lost bytes", async () => {
    await writeCommitted("one", "c1");
    await truncate(path, 1);
    await expect(OutputFile.open(path, channel)).rejects.toThrow("shorter");
  });

  it("refuses a record that it does not understand", async () => {
    await writeFile(`${path}.jobwire`, JSON.stringify({ version: 2 }));
    await expect(OutputFile.open(path, channel)).rejects.toThrow("begin again");
  });

  it("says what is wrong with a path that cannot be written", async () => {
    await expect(OutputFile.open(join(directory, "none", "out"), channel)).rejects.toThrow(
      "cannot write",
    );
  });
});
