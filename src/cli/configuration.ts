import { resolve } from "node:path";
import { readConfigurationFile, xdgDirectory } from "./configuration-file.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import { limitSettings } from "./serve/limit-settings.ts";
import { defaultHost, defaultPort, serveSettings } from "./serve/serve-settings.ts";
import { findSetting, type Setting, type Sources } from "./setting.ts";
import { textForm } from "./value-form.ts";

export const defaultUrl = `http://${defaultHost}:${defaultPort}`;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flags that every command knows. */
export interface CommonFlags {
  readonly url?: string;
  readonly dataDirectory?: string;
  readonly config?: string;
}

/** What flags, environment and file say, read once. */
export interface Configuration {
  /** Undefined: where the data directory says that a server listens, else the default address. */
  readonly url?: string;
  readonly token?: string;
  readonly dataDirectory: string;
  /** The file that a flag names: a server that is started takes it, too. */
  readonly configPath?: string;
}

/** Settings of every command. */
export const commonSettings = {
  url: {
    key: "url",
    flag: "--url <url>",
    variable: "JOBWIRE_URL",
    form: textForm,
    description: "address of the server",
    defaultText: `where one of this machine listens, else ${defaultUrl}`,
  },
  token: {
    key: "token",
    variable: "JOBWIRE_TOKEN",
    form: textForm,
    description: "token for a server elsewhere; on the same machine none is needed",
    isSecret: true,
  },
  dataDirectory: {
    key: "dataDirectory",
    flag: "--data-directory <path>",
    variable: "JOBWIRE_DATA_DIRECTORY",
    form: textForm,
    description: "folder of the server's data on this machine",
    defaultText: "jobwire in the XDG data home",
  },
} satisfies Readonly<Record<string, Setting<string>>>;

/** Everything that can be set. */
export const allSettings: readonly Setting<unknown>[] = [
  ...Object.values<Setting<unknown>>(commonSettings),
  ...Object.values<Setting<unknown>>(serveSettings),
  ...limitSettings,
];

/** Throws `CommandError` for a file that cannot be read or has an unknown key. */
export function readSources(
  flags: CommonFlags & Readonly<Record<string, unknown>>,
  environment: Environment,
): Sources {
  const file = readConfigurationFile(flags.config, environment, {
    keys: allSettings.map(({ key }) => key),
    secretKeys: allSettings.filter(({ isSecret }) => isSecret === true).map(({ key }) => key),
  });
  return { flags, environment, file };
}

/** Throws `CommandError` for a bad value. */
export function resolveConfiguration(flags: CommonFlags, environment: Environment): Configuration {
  return resolveCommon(readSources({ ...flags }, environment));
}

export function resolveCommon(sources: Sources): Configuration {
  const url = findSetting(commonSettings.url, sources);
  const token = findSetting(commonSettings.token, sources);
  const dataDirectory =
    findSetting(commonSettings.dataDirectory, sources)?.value ??
    xdgDirectory(sources.environment, "XDG_DATA_HOME", [".local", "share"]);
  return {
    ...(url === undefined ? {} : { url: requireUrl(url.value) }),
    ...(token === undefined ? {} : { token: requireToken(token.value, token.source) }),
    dataDirectory: resolve(dataDirectory),
    ...(sources.flags.config === undefined || sources.file === undefined
      ? {}
      : { configPath: sources.file.path }),
  };
}

function requireUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new CommandError(
      `not a URL: ${JSON.stringify(text)}; expected something like ${defaultUrl}`,
      ExitCode.usage,
      { cause: error },
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new CommandError(
      `the server's URL must begin with http:// or https://, got ${JSON.stringify(text)}`,
      ExitCode.usage,
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new CommandError(
      "the server's URL must not hold a user, a query or a fragment",
      ExitCode.usage,
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** It becomes a header: anything but printable ASCII would be refused there with a message that quotes it. */
function requireToken(token: string, source: string): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new CommandError(
    `the token of ${source} holds characters that no token has`,
    ExitCode.usage,
  );
}

/** Whether an address is of this machine, so that a token made here may be shown to it. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}
