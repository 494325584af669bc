import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { CommandError, ExitCode } from "./exit-code.ts";

export const defaultHost = "127.0.0.1";
export const defaultPort = 7420;
export const defaultUrl = `http://${defaultHost}:${defaultPort}`;

/** Flags that every command knows. */
export interface CommonFlags {
  readonly url?: string;
  readonly dataDirectory?: string;
}

/** What flags and environment say, read once. */
export interface Configuration {
  /** Undefined: where the data directory says that a server listens, else the default address. */
  readonly url?: string;
  readonly token?: string;
  readonly dataDirectory: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flags win over environment. Empty variables count as not set. Throws `CommandError` for a bad value. */
export function resolveConfiguration(flags: CommonFlags, environment: Environment): Configuration {
  const url = flags.url ?? setting(environment, "JOBWIRE_URL");
  const token = setting(environment, "JOBWIRE_TOKEN");
  return {
    ...(url === undefined ? {} : { url: requireUrl(url) }),
    ...(token === undefined ? {} : { token: requireToken(token) }),
    dataDirectory: resolve(
      flags.dataDirectory ??
        setting(environment, "JOBWIRE_DATA_DIRECTORY") ??
        defaultDataDirectory(environment),
    ),
  };
}

function setting(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}

/** The XDG base directory specification; relative paths in XDG_DATA_HOME are to be ignored. */
function defaultDataDirectory(environment: Environment): string {
  const dataHome = setting(environment, "XDG_DATA_HOME");
  if (dataHome !== undefined && isAbsolute(dataHome)) return join(dataHome, "jobwire");
  return join(setting(environment, "HOME") ?? homedir(), ".local", "share", "jobwire");
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
function requireToken(token: string): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new CommandError("JOBWIRE_TOKEN holds characters that no token has", ExitCode.usage);
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
