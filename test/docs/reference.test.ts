import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ExitCode } from "../../src/cli/exit-code.ts";
import { defaultLeaseMs } from "../../src/client/execute.ts";
import { root } from "./page-world.ts";
import {
  clientDefaults,
  commandTables,
  commonVariables,
  limitRows,
  settingRows,
  tableBelow,
} from "./reference-tables.ts";

const client = readFileSync(join(root, "docs/client.md"), "utf8");
const commandLine = readFileSync(join(root, "docs/command-line.md"), "utf8");
const configuration = readFileSync(join(root, "docs/configuration.md"), "utf8");

/** The first two cells of each row: what it is called, and its default. */
function defaultsBelow(markdown: string, heading: string): ReadonlyMap<string, string> {
  const rows = tableBelow(markdown, heading);
  return new Map(rows.map(([name = "", value = ""]) => [name, value]));
}

describe("docs/client.md", () => {
  it("shows every option of the client with its default", () => {
    expect(defaultsBelow(client, "Options")).toEqual(clientDefaults());
  });

  it("shows the lease that a worker has unless it asks for another", () => {
    const lease = defaultsBelow(client, "Workers").get("`leaseMs`");
    expect(lease).toBe(defaultLeaseMs.toLocaleString("en"));
  });
});

const tables = await commandTables();

describe("docs/command-line.md", () => {
  it.each([...tables])("shows the arguments and options of %s", (name, rows) => {
    expect(tableBelow(commandLine, ` \`jobwire ${name}\``)).toEqual(rows);
  });

  it("has no section for a command that does not exist", () => {
    const headings = [...commandLine.matchAll(/^#+ `jobwire (.+)`$/gm)].map(([, name]) => name);
    expect(headings.sort()).toEqual([...tables.keys()].sort());
  });

  it("names every exit code and every variable", () => {
    const codes = tableBelow(commandLine, "Exit codes").map(([code]) => code);
    expect(codes).toEqual(expect.arrayContaining(Object.values(ExitCode).map(String)));
    for (const variable of commonVariables) expect(commandLine).toContain(variable);
  });
});

describe("docs/configuration.md", () => {
  it("shows everything that can be set, with its flag, variable and default", () => {
    expect(tableBelow(configuration, "What can be set")).toEqual(settingRows());
  });

  it("shows every limit with its default", () => {
    expect(tableBelow(configuration, "Limits")).toEqual(limitRows());
  });
});
