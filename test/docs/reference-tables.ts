import type { Command } from "commander";
import { allSettings, commonSettings } from "../../src/cli/configuration.ts";
import { createProgram } from "../../src/cli/program.ts";
import { limitSettings } from "../../src/cli/serve/limit-settings.ts";
import { defaultTextOf, type Setting } from "../../src/cli/setting.ts";
import { resolveJobwireOptions } from "../../src/client/options.ts";
import { clientSystem } from "../../src/client/system.ts";
import { defaultWebSocket } from "../../src/client/web-socket.ts";
import { createTerminal } from "../command-world.ts";

export type Rows = readonly (readonly string[])[];

/** Told once for all commands: where the server is, and what makes one known to it. */
const commonFlags = ["--url <url>", "--data-directory <path>", "--config <file>"];

/** Options and arguments of each command, by its name. */
export async function commandTables(): Promise<ReadonlyMap<string, Rows>> {
  const program = await createProgram({
    terminal: createTerminal({}),
    setExitCode: () => undefined,
  });
  const tables = new Map<string, Rows>();
  const visit = (command: Command, path: readonly string[]): void => {
    const visible = command.createHelp().visibleCommands(command);
    for (const one of visible.filter((each) => each.name() !== "help"))
      visit(one, [...path, one.name()]);
    if (path.length > 0) tables.set(path.join(" "), rowsOf(command));
  };
  visit(program, []);
  return tables;
}

function rowsOf(command: Command): Rows {
  const help = command.createHelp();
  const options = command.options.filter(
    ({ flags, hidden }) => !hidden && !commonFlags.includes(flags),
  );
  return [
    ...command.registeredArguments.map((argument) => [
      `\`${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}\``,
      help.argumentDescription(argument),
    ]),
    ...options.map((option) => [`\`${option.flags}\``, help.optionDescription(option)]),
  ];
}

/** What can be set, but for limits. */
export function settingRows(): Rows {
  const limits = new Set(limitSettings.map(({ key }) => key));
  return allSettings
    .filter(({ key }) => !limits.has(key))
    .map(({ key, flag = "", variable, description, ...setting }) => [
      `\`${key}\``,
      flag === "" ? "" : `\`${flag}\``,
      `\`${variable}\``,
      defaultOf(setting),
      description,
    ]);
}

export function limitRows(): Rows {
  return limitSettings.map(({ name, description, ...setting }) => [
    `\`${name}\``,
    defaultOf(setting),
    description,
  ]);
}

function defaultOf(setting: Pick<Setting<unknown>, "default" | "defaultText">): string {
  const text = defaultTextOf(setting);
  return text === "" || setting.defaultText !== undefined ? text : `\`${text}\``;
}

/** Options of the client with their defaults, which are empty where there is none to show. */
export function clientDefaults(): ReadonlyMap<string, string> {
  const given = { url: "http://localhost", token: "" };
  const resolved = Object.entries(resolveJobwireOptions(given));
  return new Map(
    resolved.map(([name, value]) => [`\`${name}\``, name in given ? "" : clientDefaultOf(value)]),
  );
}

const MiB = 1024 * 1024;

function clientDefaultOf(value: unknown): string {
  if (typeof value === "string") return `\`"${value}"\``;
  if (typeof value === "number" && value % MiB === 0) return `${value / MiB} MiB`;
  if (typeof value === "number") return value.toLocaleString("en");
  return value === clientSystem || value === defaultWebSocket() ? "platform's" : "";
}

/** The rows of the first table below a heading that ends with the text, without the row of its titles. */
export function tableBelow(markdown: string, heading: string): Rows {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(heading));
  if (start === -1) throw new Error(`no heading ${heading}`);
  const rest = lines.slice(start + 1);
  const next = rest.findIndex((line) => /^#+ /.test(line));
  const section = next === -1 ? rest : rest.slice(0, next);
  return section
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

export const commonVariables = Object.values(commonSettings).map(({ variable }) => variable);
