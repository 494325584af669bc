import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Environment } from "./configuration.ts";
import { isMissing, isOpenToOthers, reasonOf } from "./data-directory.ts";
import { CommandError, ExitCode } from "./exit-code.ts";

export const configVariable = "JOBWIRE_CONFIG";

export interface ConfigurationFile {
  readonly path: string;
  /** By dotted key, for example `serve.port`; not yet checked. */
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * The file that `named` or JOBWIRE_CONFIG names, else the one of the XDG configuration directory if it is
 * there. Throws `CommandError` for a file that is no JSON object or has a key that is not known.
 */
export function readConfigurationFile(
  named: string | undefined,
  environment: Environment,
  known: { readonly keys: readonly string[]; readonly secretKeys: readonly string[] },
): ConfigurationFile | undefined {
  const given = named ?? readVariable(environment, configVariable);
  const path = resolve(given ?? defaultPath(environment));
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (given === undefined && isMissing(error)) return undefined;
    throw new CommandError(
      `cannot read the configuration ${path}: ${reasonOf(error)}`,
      ExitCode.usage,
      { cause: error },
    );
  }
  const values = flatten(parse(text, path), path, known.keys);
  const secret = known.secretKeys.find((key) => values.has(key));
  if (secret !== undefined && isOpenToOthers(statSync(path))) {
    throw new CommandError(
      `${path} holds ${secret} and is open to other users; close it with: chmod 600 ${path}`,
      ExitCode.refused,
    );
  }
  return { path, values };
}

/** The XDG base directory specification; a relative path is to be ignored. */
export function xdgDirectory(
  environment: Environment,
  variable: "XDG_CONFIG_HOME" | "XDG_DATA_HOME",
  fallback: readonly string[],
): string {
  const named = readVariable(environment, variable);
  if (named !== undefined && isAbsolute(named)) return join(named, "jobwire");
  return join(readVariable(environment, "HOME") ?? homedir(), ...fallback, "jobwire");
}

/** An empty variable counts as not set. */
export function readVariable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}

function defaultPath(environment: Environment): string {
  return join(xdgDirectory(environment, "XDG_CONFIG_HOME", [".config"]), "config.json");
}

function parse(text: string, path: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${path} is not JSON: ${reasonOf(error)}`, ExitCode.usage, {
      cause: error,
    });
  }
  if (isObject(json)) return json;
  throw new CommandError(`${path} must hold a JSON object`, ExitCode.usage);
}

function flatten(
  json: object,
  path: string,
  keys: readonly string[],
  prefix = "",
): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, value] of Object.entries(json)) {
    const key = `${prefix}${name}`;
    if (keys.includes(key) && !name.includes(".")) values.set(key, value);
    else if (!keys.some((one) => one.startsWith(`${key}.`))) throw unknownKey(key, path, keys);
    else if (!isObject(value))
      throw new CommandError(`${key} in ${path} must be a JSON object`, ExitCode.usage);
    else for (const [inner, one] of flatten(value, path, keys, `${key}.`)) values.set(inner, one);
  }
  return values;
}

/** Known are those beside it: a list of all would hide the one that was meant. */
function unknownKey(key: string, path: string, keys: readonly string[]): CommandError {
  const prefix = key.slice(0, key.lastIndexOf(".") + 1);
  const beside = keys
    .filter((one) => one.startsWith(prefix))
    .map((one) => one.slice(prefix.length).replace(/\..*/, ""));
  const place = prefix === "" ? "" : ` in ${prefix.slice(0, -1)}`;
  return new CommandError(
    `unknown key ${JSON.stringify(key)} in ${path}\nKnown${place}: ${[...new Set(beside)].join(", ")}`,
    ExitCode.usage,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
