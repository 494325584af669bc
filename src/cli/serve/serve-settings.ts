import { TrustedProxies } from "../../server/trusted-proxies.ts";
import type { Setting } from "../setting.ts";
import { choiceForm, listForm, ofText, textForm, wholeNumberForm } from "../value-form.ts";

export const defaultHost = "127.0.0.1";
export const defaultPort = 7420;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const storeMiBMax = 1_000_000_000;

const urlForm = ofText(
  "a URL that begins with http:// or https://",
  (text) => URL.canParse(text) && /^https?:/i.test(text),
);
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
  publicUrls: createList("publicUrls", "--public-url <url>", "JOBWIRE_PUBLIC_URLS", {
    item: urlForm,
    description: "another address under which people reach it; may be repeated",
  }),
  allowedOrigins: createList(
    "allowedOrigins",
    "--allow-origin <origin>",
    "JOBWIRE_ALLOWED_ORIGINS",
    {
      item: originForm,
      description: "site whose pages may use it; may be repeated",
    },
  ),
  trustedProxies: createList("trustedProxies", "--trust-proxy <range>", "JOBWIRE_TRUSTED_PROXIES", {
    item: proxyForm,
    description: "address or range whose X-Forwarded-For is believed; may be repeated",
  }),
  store: {
    key: "serve.store",
    flag: "--store <kind>",
    variable: "JOBWIRE_STORE",
    form: choiceForm(["memory"] as const),
    description: "where logs are kept; memory: until the server ends",
    default: "memory",
  } satisfies Setting<"memory">,
  storeLimit: {
    key: "serve.storeLimit",
    flag: "--store-limit <MiB>",
    variable: "JOBWIRE_STORE_LIMIT",
    form: wholeNumberForm(1, storeMiBMax),
    description: "most that all logs together hold",
    defaultText: "half of the memory",
  } satisfies Setting<number>,
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
  publicKeyFiles: createList("publicKeyFiles", "--public-key <path>", "JOBWIRE_PUBLIC_KEYS", {
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

function createList(
  name: string,
  flag: string,
  variable: string,
  { item, description }: Required<Pick<Setting<string>, "description">> & { item: typeof textForm },
): Setting<readonly string[]> {
  const form = listForm(item);
  return { key: `serve.${name}`, flag, variable, form, item, description, default: [] };
}
