import { CommandError, ExitCode } from "../exit-code.ts";
import { findSetting, type Setting, type Sources } from "../setting.ts";
import { natsSettings, type NatsAddress } from "./nats-settings.ts";

/** What one is known by to NATS servers. */
export type NatsLogin =
  | { readonly kind: "credentials"; readonly path: string }
  | { readonly kind: "nkey"; readonly path: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string };

/** A store on NATS servers, as settings name it. */
export interface NatsTarget {
  readonly address: NatsAddress;
  readonly storeName: string;
  readonly login?: NatsLogin;
  readonly tls: {
    readonly caFile?: string;
    readonly certificateFile?: string;
    readonly keyFile?: string;
  };
  readonly monitorUrls: readonly string[];
}

/** Throws `CommandError` for what does not go together. */
export function resolveNatsTarget(address: NatsAddress, sources: Sources): NatsTarget {
  const value = <Value>(setting: Setting<Value>): Value | undefined =>
    findSetting(setting, sources)?.value;
  const { natsStoreName, natsCa, natsCertificate, natsKey, natsMonitors } = natsSettings;
  const login = resolveLogin(value);
  const [caFile, certificateFile, keyFile] = [natsCa, natsCertificate, natsKey].map(value);
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new CommandError(
      "a certificate for the NATS servers goes with its key: --nats-certificate and --nats-key",
      ExitCode.usage,
    );
  return {
    address,
    storeName: value(natsStoreName) ?? natsStoreName.default,
    ...(login === undefined ? {} : { login }),
    tls: {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certificateFile === undefined ? {} : { certificateFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    },
    monitorUrls: value(natsMonitors) ?? [],
  };
}

function resolveLogin(
  value: <Value>(setting: Setting<Value>) => Value | undefined,
): NatsLogin | undefined {
  const [credentials, nkey, user, password, token] = [
    natsSettings.natsCredentials,
    natsSettings.natsNkey,
    natsSettings.natsUser,
    natsSettings.natsPassword,
    natsSettings.natsToken,
  ].map((setting) => value<string>(setting));
  if (user !== undefined && password === undefined)
    throw new CommandError(
      "a user of NATS goes with a password, in JOBWIRE_NATS_PASSWORD or serve.nats.password",
      ExitCode.usage,
    );
  if (user === undefined && password !== undefined)
    throw new CommandError("a password of NATS goes with a user: --nats-user", ExitCode.usage);
  const logins: NatsLogin[] = [
    ...(credentials === undefined ? [] : [{ kind: "credentials", path: credentials } as const]),
    ...(nkey === undefined ? [] : [{ kind: "nkey", path: nkey } as const]),
    ...(user === undefined || password === undefined
      ? []
      : [{ kind: "password", user, password } as const]),
    ...(token === undefined ? [] : [{ kind: "token", token } as const]),
  ];
  if (logins.length <= 1) return logins[0];
  throw new CommandError(
    `one way to log in to NATS is expected, got ${logins.map(({ kind }) => kind).join(" and ")}`,
    ExitCode.usage,
  );
}

/** Throws `CommandError` for a flag that says nothing where logs are kept elsewhere. */
export function requireNoNatsFlags(sources: Sources, store: string): void {
  for (const setting of Object.values<Setting<unknown>>(natsSettings)) {
    const source = findSetting(setting, sources)?.source;
    if (source?.startsWith("--") === true)
      throw new CommandError(
        `${source} goes with --store nats://…, and the store is ${store}`,
        ExitCode.usage,
      );
  }
}
