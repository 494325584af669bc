import type { BrokerLimits } from "../../core/limits.ts";
import type { ServerLimits } from "../../server/server-limits.ts";
import type { SyncMode } from "../../stores/segment-log/index.ts";
import {
  allSettings,
  readSources,
  resolveCommon,
  type CommonFlags,
  type Environment,
} from "../configuration.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { findSetting, type Found, type Sources } from "../setting.ts";
import { formatTable } from "../terminal-text.ts";
import {
  requireNoNatsFlags,
  resolveNatsTarget,
  type NatsTarget,
} from "../nats/nats-configuration.ts";
import { isNatsAddress, type StoreChoice } from "../nats/nats-settings.ts";
import type { KeyOptions } from "./key-files.ts";
import { limitSettings, type LimitSetting } from "./limit-settings.ts";
import { serveSettings, type LogLevel } from "./serve-settings.ts";

export interface ServeFlags extends CommonFlags {
  /** Limits by name, each checked. */
  readonly limit?: Readonly<Record<string, number>>;
}

/** What a server is started with. */
export interface ServeConfiguration {
  readonly host: string;
  readonly port: number;
  readonly publicUrls: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly hasConsole: boolean;
  readonly dataDirectory: string;
  readonly logLevel: LogLevel;
  readonly keys: KeyOptions;
  readonly store: StoreChoice;
  /** Where the store is on NATS servers. */
  readonly nats?: NatsTarget;
  readonly sync: SyncMode;
  readonly unsafeNoLock: boolean;
  /** What the store takes for its default unless given. */
  readonly storeBytesMax?: number;
  readonly brokerLimits: Partial<BrokerLimits>;
  readonly serverLimits: Partial<ServerLimits>;
  readonly streamTimes: { heartbeatMs?: number; stallMs?: number; graceMs?: number };
}

const MiB = 1024 * 1024;
const limitPrefix = "JOBWIRE_LIMIT_";

/** Throws `CommandError` for a bad value, and for a variable of a limit that does not exist. */
export function resolveServe(flags: ServeFlags, environment: Environment): ServeConfiguration {
  const sources = readSources({ ...flags }, environment);
  requireKnownLimits(environment);
  const value = <Value>(setting: Parameters<typeof findSetting<Value>>[0]): Value | undefined =>
    findSetting(setting, sources)?.value;
  const { host, port, publicUrls, allowedOrigins, trustedProxies, logLevel } = serveSettings;
  const { store, storeLimit, unsafeNoLock, withoutConsole } = serveSettings;
  const storeMiB = value(storeLimit);
  const choice = value(store) ?? store.default;
  if (!isNatsAddress(choice)) requireNoNatsFlags(sources, choice);
  return {
    host: value(host) ?? host.default,
    port: value(port) ?? port.default,
    publicUrls: value(publicUrls) ?? [],
    allowedOrigins: value(allowedOrigins) ?? [],
    trustedProxies: value(trustedProxies) ?? [],
    hasConsole: !(value(withoutConsole) ?? withoutConsole.default),
    dataDirectory: resolveCommon(sources).dataDirectory,
    logLevel: value(logLevel) ?? logLevel.default,
    keys: resolveKeys(sources),
    store: choice,
    ...(isNatsAddress(choice) ? { nats: resolveNatsTarget(choice, sources) } : {}),
    sync: resolveSync(sources),
    unsafeNoLock: value(unsafeNoLock) ?? unsafeNoLock.default,
    ...(storeMiB === undefined ? {} : { storeBytesMax: storeMiB * MiB }),
    brokerLimits: limitsOf("broker", sources),
    serverLimits: limitsOf("server", sources),
    streamTimes: limitsOf("streams", sources),
  };
}

function resolveSync(sources: Sources): SyncMode {
  const { sync, syncIntervalMs } = serveSettings;
  const mode = findSetting(sync, sources)?.value ?? sync.default;
  const interval = findSetting(syncIntervalMs, sources);
  if (mode === "interval") return { intervalMs: interval?.value ?? syncIntervalMs.default };
  if (interval === undefined || interval.source === "default") return mode;
  throw new CommandError(
    `${interval.source}: an interval goes with --sync interval, and sync is ${mode}`,
    ExitCode.usage,
  );
}

function resolveKeys(sources: Sources): KeyOptions {
  const { secretFile, publicKeyFiles, jwksUrl, audience, issuer } = serveSettings;
  const keys = {
    secretFile: findSetting(secretFile, sources)?.value,
    publicKeyFiles: findSetting(publicKeyFiles, sources)?.value ?? [],
    jwksUrl: findSetting(jwksUrl, sources)?.value,
    audience: findSetting(audience, sources)?.value,
    issuer: findSetting(issuer, sources)?.value,
  };
  if (keys.jwksUrl === undefined || keys.audience !== undefined) return keys;
  throw new CommandError(
    "whoever runs a set of keys signs for others too: name the audience of this server's tokens with --audience",
    ExitCode.usage,
  );
}

/** Those that are set; the parts know the defaults of the others. */
function limitsOf(part: LimitSetting["part"], sources: Sources): Readonly<Record<string, number>> {
  return Object.fromEntries(
    limitSettings
      .filter((setting) => setting.part === part)
      .flatMap((setting) => {
        const { value, source } = findLimit(setting, sources) ?? {};
        return value === undefined || source === "default" ? [] : [[setting.name, value]];
      }),
  );
}

function findLimit(setting: LimitSetting, sources: Sources): Found<number> | undefined {
  const { limit = {} } = sources.flags as ServeFlags;
  const given = limit[setting.name];
  return given === undefined
    ? findSetting(setting, sources)
    : { value: given, source: `--limit ${setting.name}` };
}

function requireKnownLimits(environment: Environment): void {
  const known = new Set(limitSettings.map(({ variable }) => variable));
  const unknown = Object.keys(environment).find(
    (name) => name.startsWith(limitPrefix) && !known.has(name),
  );
  if (unknown !== undefined)
    throw new CommandError(
      `${unknown} names no limit\nSee them with: jobwire serve --help`,
      ExitCode.usage,
    );
}

/** For the help of `serve`: one limit a line. */
export function describeLimits(): string {
  const rows = limitSettings.map(({ name, description, default: value, defaultText }) => [
    `  ${name}`,
    `${description} (default: ${defaultText ?? value ?? ""})`,
  ]);
  return formatTable(rows).trimEnd();
}

/** Every setting with its value and who has set it; secrets are not shown. */
export function describeServe(flags: ServeFlags, environment: Environment): string {
  const sources = readSources({ ...flags }, environment);
  const { dataDirectory } = resolveCommon(sources);
  const rows = allSettings.map((setting) => {
    const limit = limitSettings.find(({ key }) => key === setting.key);
    const found = limit === undefined ? findSetting(setting, sources) : findLimit(limit, sources);
    return [setting.key, describeValue(setting, found, dataDirectory), found?.source ?? "default"];
  });
  return formatTable([["KEY", "VALUE", "SOURCE"], ...rows]);
}

function describeValue(
  { key, isSecret, defaultText = "" }: (typeof allSettings)[number],
  found: Found<unknown> | undefined,
  dataDirectory: string,
): string {
  if (key === "dataDirectory") return JSON.stringify(dataDirectory);
  if (found === undefined) return defaultText === "" ? "-" : `(${defaultText})`;
  return isSecret === true ? "(hidden)" : JSON.stringify(found.value);
}
