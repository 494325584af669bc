import { defaultBrokerLimits } from "../../core/limits.ts";
import { TrustedProxies } from "../../server/trusted-proxies.ts";
import { natsSettings, storeForm, type StoreChoice } from "../nats/nats-settings.ts";
import { createListSetting, type Setting } from "../setting.ts";
import {
  choiceForm,
  ofText,
  switchForm,
  textForm,
  urlForm,
  wholeNumberForm,
} from "../value-form.ts";

export const defaultHost = "127.0.0.1";
export const defaultPort = 7420;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export const syncModes = ["always", "interval", "never"] as const;
type SyncSetting = (typeof syncModes)[number];

const MiB = 1024 * 1024;
const storeMiBMax = 1_000_000_000;
const storeMiBDefault = defaultBrokerLimits.storeBytesMax / MiB;

const originForm = ofText(
  "an origin such as https://app.example.org",
  (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text,
);
const proxyForm = ofText("an IP address or a range such as 10.0.0.0/8", (text) => {
  try {
    new TrustedProxies([text]);
    return true;
  } catch {
    return false;
  }
});

/** Settings of `serve` beside its limits. */
export const serveSettings = {
  host: {
    key: "serve.host",
    flag: "--host <address>",
    variable: "JOBWIRE_HOST",
    form: textForm,
    description: "address to listen on",
    default: defaultHost,
  } satisfies Setting<string>,
  port: {
    key: "serve.port",
    flag: "--port <number>",
    variable: "JOBWIRE_PORT",
    form: wholeNumberForm(0, 65_535),
    description: "port to listen on; 0 takes any that is free",
    default: defaultPort,
  } satisfies Setting<number>,
  publicUrls: createListSetting({
    key: "serve.publicUrls",
    flag: "--public-url <url>",
    variable: "JOBWIRE_PUBLIC_URLS",
    item: urlForm,
    description: "another address under which people reach it; may be repeated",
  }),
  allowedOrigins: createListSetting({
    key: "serve.allowedOrigins",
    flag: "--allow-origin <origin>",
    variable: "JOBWIRE_ALLOWED_ORIGINS",
    item: originForm,
    description: "site whose pages may use it; may be repeated",
  }),
  trustedProxies: createListSetting({
    key: "serve.trustedProxies",
    flag: "--trust-proxy <range>",
    variable: "JOBWIRE_TRUSTED_PROXIES",
    item: proxyForm,
    description: "address or range whose X-Forwarded-For is believed; may be repeated",
  }),
  withoutConsole: {
    key: "serve.withoutConsole",
    flag: "--without-console",
    variable: "JOBWIRE_WITHOUT_CONSOLE",
    form: switchForm,
    description: "serve no web console",
    default: false,
  } satisfies Setting<boolean>,
  store: {
    key: "serve.store",
    flag: "--store <kind>",
    variable: "JOBWIRE_STORE",
    form: storeForm,
    description:
      "where logs are kept: segment-log, in files; memory, until the server ends; nats://<host>:<port>, on NATS servers",
    default: "segment-log",
  } satisfies Setting<StoreChoice>,
  ...natsSettings,
  storeLimit: {
    key: "serve.storeLimit",
    flag: "--store-limit <MiB>",
    variable: "JOBWIRE_STORE_LIMIT",
    form: wholeNumberForm(1, storeMiBMax),
    description: "most that all logs together hold",
    defaultText: `${storeMiBDefault}; half of the memory with --store memory; with NATS what its streams may hold`,
  } satisfies Setting<number>,
  sync: {
    key: "serve.sync",
    flag: "--sync <when>",
    variable: "JOBWIRE_SYNC",
    form: choiceForm(syncModes),
    description: "when it reaches the disk: always before it is acknowledged, interval, or never",
    default: "always",
  } satisfies Setting<SyncSetting>,
  syncIntervalMs: {
    key: "serve.syncIntervalMs",
    flag: "--sync-interval <ms>",
    variable: "JOBWIRE_SYNC_INTERVAL_MS",
    form: wholeNumberForm(1, 60_000),
    description: "with --sync interval: most that a power cut takes back",
    default: 1_000,
  } satisfies Setting<number>,
  unsafeNoLock: {
    key: "serve.unsafeNoLock",
    flag: "--unsafe-no-lock",
    variable: "JOBWIRE_UNSAFE_NO_LOCK",
    form: switchForm,
    description: "keep no second server off the store: two at once destroy it",
    default: false,
  } satisfies Setting<boolean>,
  logLevel: {
    key: "serve.logLevel",
    flag: "--log-level <level>",
    variable: "JOBWIRE_LOG_LEVEL",
    form: choiceForm(logLevels),
    description: "what is logged to standard error",
    default: "warn",
  } satisfies Setting<LogLevel>,
  secretFile: {
    key: "serve.secretFile",
    flag: "--secret-file <path>",
    variable: "JOBWIRE_SECRET_FILE",
    form: textForm,
    description: "file with a secret by which others sign tokens (HS256), 32 bytes or more",
  } satisfies Setting<string>,
  publicKeyFiles: createListSetting({
    key: "serve.publicKeyFiles",
    flag: "--public-key <path>",
    variable: "JOBWIRE_PUBLIC_KEYS",
    item: textForm,
    description: "file with a key that verifies tokens, PEM or JWK; may be repeated",
  }),
  jwksUrl: {
    key: "serve.jwksUrl",
    flag: "--jwks-url <url>",
    variable: "JOBWIRE_JWKS_URL",
    form: urlForm,
    description: "address of a set of such keys; wants --audience",
  } satisfies Setting<string>,
  audience: {
    key: "serve.audience",
    flag: "--audience <text>",
    variable: "JOBWIRE_AUDIENCE",
    form: textForm,
    description: "claim aud that tokens of these keys must have",
  } satisfies Setting<string>,
  issuer: {
    key: "serve.issuer",
    flag: "--issuer <text>",
    variable: "JOBWIRE_ISSUER",
    form: textForm,
    description: "claim iss that tokens of these keys must have",
  } satisfies Setting<string>,
};
