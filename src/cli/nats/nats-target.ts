import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import type { Authenticator, NodeConnectionOptions } from "@nats-io/transport-node";
import type { StoreLocation } from "../../stores/jetstream/index.ts";
import { reasonOf } from "../data-directory.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { readPrivateFile } from "../secret-file.ts";
import { serversOf } from "./nats-settings.ts";
import type { NatsTarget } from "./nats-configuration.ts";

/** Reads the files that a target names. Throws `CommandError` for one that cannot be used. */
export async function locateStore(target: NatsTarget): Promise<StoreLocation> {
  const { address, storeName } = target;
  const authenticator = await createAuthenticator(target);
  const tls = await readTls(target);
  const connection: NodeConnectionOptions = {
    servers: serversOf(address),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
  };
  return { connection, name: storeName };
}

async function createAuthenticator({ login }: NatsTarget): Promise<Authenticator | undefined> {
  switch (login?.kind) {
    case undefined:
      return undefined;
    case "token":
      return tokenAuthenticator(login.token);
    case "password":
      return usernamePasswordAuthenticator(login.user, login.password);
    case "credentials":
      return fileAuthenticator(login.path, credsAuthenticator);
    case "nkey":
      return fileAuthenticator(login.path, (seed) =>
        nkeyAuthenticator(() => Buffer.from(Buffer.from(seed()).toString().trim())),
      );
  }
}

/** Read again at each connection: what was replaced counts without a restart. */
async function fileAuthenticator(
  path: string,
  create: (read: () => Uint8Array) => Authenticator,
): Promise<Authenticator> {
  const text = await readPrivateFile(path);
  if (text === undefined)
    throw new CommandError(`there are no credentials of NATS at ${path}`, ExitCode.failure);
  let last: Uint8Array = Buffer.from(text);
  const authenticator = create(() => {
    try {
      last = readFileSync(path);
    } catch {
      // Being replaced at this moment: the ones before may still count.
    }
    return last;
  });
  try {
    authenticator("a nonce");
    return authenticator;
  } catch (error) {
    const reason = `${path} holds no credentials of NATS: ${reasonOf(error)}`;
    throw new CommandError(reason, ExitCode.failure, { cause: error });
  }
}

async function readTls({ address, tls }: NatsTarget): Promise<NodeConnectionOptions["tls"]> {
  const { caFile, certificateFile, keyFile } = tls;
  const texts = {
    ca: caFile && (await readPem(caFile)),
    cert: certificateFile && (await readPem(certificateFile)),
    key: keyFile && (await readKey(keyFile)),
  };
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  if (given.length === 0 && !address.startsWith("tls://")) return undefined;
  return Object.fromEntries(given);
}

async function readPem(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new CommandError(`cannot read ${path}: ${reasonOf(error)}`, ExitCode.failure, {
      cause: error,
    });
  });
  if (text.includes("-----BEGIN ")) return text;
  throw new CommandError(`${path} is no PEM file`, ExitCode.failure);
}

async function readKey(path: string): Promise<string> {
  const text = await readPrivateFile(path);
  if (text?.includes("-----BEGIN ") === true) return text;
  const reason = text === undefined ? `there is no key at ${path}` : `${path} is no PEM file`;
  throw new CommandError(reason, ExitCode.failure);
}
