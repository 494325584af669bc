import { defaultStoreName, requireStoreName } from "../../stores/jetstream/subjects.ts";
import { createListSetting, type Setting } from "../setting.ts";
import { ofText, textForm, urlForm, type ValueForm } from "../value-form.ts";

/** Addresses of NATS servers, commas between; `tls://` demands TLS. */
export type NatsAddress = `nats://${string}` | `tls://${string}`;

export type StoreChoice = "segment-log" | "memory" | NatsAddress;

/** Where logs are kept. */
export const storeForm: ValueForm<StoreChoice> = (() => {
  const parse = (text: string): StoreChoice | undefined =>
    text === "segment-log" || text === "memory" || isNatsAddress(text) ? text : undefined;
  return {
    expected: "one of segment-log, memory, nats://<host>:<port>, tls://<host>:<port>",
    parse,
    decode: (json) => (typeof json === "string" ? parse(json) : undefined),
  };
})();

/** Whether a text is addresses, all of one scheme, without a user, who has settings of their own. */
export function isNatsAddress(text: string): text is NatsAddress {
  const parts = text.split(",");
  const [scheme = ""] = text.split("://", 1);
  return ["nats", "tls"].includes(scheme) && parts.every((part) => isServer(part, scheme));
}

function isServer(text: string, scheme: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, pathname, username, password, search, hash } = new URL(text);
  return (
    protocol === `${scheme}:` &&
    host !== "" &&
    [username, password, search, hash].every((part) => part === "") &&
    (pathname === "" || pathname === "/")
  );
}

/** `host:port` of each. */
export function serversOf(address: NatsAddress): string[] {
  return address.split(",").map((part) => new URL(part).host);
}

const nameForm = ofText("up to 64 letters, digits, - and _", (text) => {
  try {
    return requireStoreName(text) === text;
  } catch {
    return false;
  }
});

/** How to use a store on NATS servers. Passwords have no flag: others could see it in the list of processes. */
export const natsSettings = {
  natsStoreName: {
    key: "serve.nats.storeName",
    flag: "--nats-store-name <name>",
    variable: "JOBWIRE_NATS_STORE_NAME",
    form: nameForm,
    description: "name of the store on the NATS servers, which may have several",
    default: defaultStoreName,
  } satisfies Setting<string>,
  natsCredentials: {
    key: "serve.nats.credentialsFile",
    flag: "--nats-credentials <path>",
    variable: "JOBWIRE_NATS_CREDENTIALS",
    form: textForm,
    description: "file with a user's JWT and seed, as nsc writes it",
  } satisfies Setting<string>,
  natsNkey: {
    key: "serve.nats.nkeyFile",
    flag: "--nats-nkey <path>",
    variable: "JOBWIRE_NATS_NKEY",
    form: textForm,
    description: "file with the seed of a user's NKey",
  } satisfies Setting<string>,
  natsUser: {
    key: "serve.nats.user",
    flag: "--nats-user <name>",
    variable: "JOBWIRE_NATS_USER",
    form: textForm,
    description: "user of NATS; the password is in JOBWIRE_NATS_PASSWORD",
  } satisfies Setting<string>,
  natsPassword: {
    key: "serve.nats.password",
    variable: "JOBWIRE_NATS_PASSWORD",
    form: textForm,
    description: "password of that user",
    isSecret: true,
  } satisfies Setting<string>,
  natsToken: {
    key: "serve.nats.token",
    variable: "JOBWIRE_NATS_TOKEN",
    form: textForm,
    description: "token that the NATS servers ask for",
    isSecret: true,
  } satisfies Setting<string>,
  natsCa: {
    key: "serve.nats.caFile",
    flag: "--nats-ca <path>",
    variable: "JOBWIRE_NATS_CA",
    form: textForm,
    description: "file with the authority that signs the NATS servers' certificates, PEM",
  } satisfies Setting<string>,
  natsCertificate: {
    key: "serve.nats.certificateFile",
    flag: "--nats-certificate <path>",
    variable: "JOBWIRE_NATS_CERTIFICATE",
    form: textForm,
    description: "file with a certificate to show to the NATS servers, PEM",
  } satisfies Setting<string>,
  natsKey: {
    key: "serve.nats.keyFile",
    flag: "--nats-key <path>",
    variable: "JOBWIRE_NATS_KEY",
    form: textForm,
    description: "file with that certificate's key, PEM",
  } satisfies Setting<string>,
  natsMonitors: createListSetting({
    key: "serve.nats.monitorUrls",
    flag: "--nats-monitor <url>",
    variable: "JOBWIRE_NATS_MONITORS",
    item: urlForm,
    description:
      "address of a NATS server's monitoring, which is asked whether it syncs each write; may be repeated",
  }),
};
