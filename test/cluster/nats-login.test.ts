import { nkeys } from "@nats-io/transport-node";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeOnNats } from "../nats-binary.ts";
import { useNatsCommands } from "./nats-commands.ts";

type KeyPair = ReturnType<typeof nkeys.createUser>;

const commands = useNatsCommands();

const init = (...flags: readonly string[]) =>
  commands.world.run(["store", "init", "--streams", "1", ...flags]);

/** As nsc makes them: claims of a subject, signed by whoever stands above it. */
function signClaims(signer: KeyPair, name: string, subject: string, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = { typ: "JWT", alg: "ed25519-nkey" };
  const iat = Math.floor(Date.now() / 1000);
  const issuer = signer.getPublicKey();
  const body = { jti: randomUUID(), iat, iss: issuer, name, sub: subject, nats: claims };
  const text = `${part(header)}.${part(body)}`;
  return `${text}.${Buffer.from(signer.sign(Buffer.from(text))).toString("base64url")}`;
}

describeOnNats("logging in to NATS", () => {
  it("works with a file of credentials, and says so where it holds none", async () => {
    const [operator, system, account, user] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const limits = { conn: -1, subs: -1, data: -1, payload: -1, mem_storage: -1, disk_storage: -1 };
    const more = { imports: -1, exports: -1, wildcards: true, streams: -1, consumer: -1 };
    const accountClaims = { type: "account", version: 2, limits: { ...limits, ...more } };
    const preload = [
      [system, { type: "account", version: 2 }],
      [account, accountClaims],
    ] as const;
    const accounts = preload.map(([pair, claims]) => {
      const key = pair.getPublicKey();
      return `${key}: ${signClaims(operator, "account", key, claims)}`;
    });
    const operatorClaims = { type: "operator", version: 2 };
    const nats = await commands.startNats({
      configuration: `
        operator: ${signClaims(operator, "operator", operator.getPublicKey(), operatorClaims)}
        system_account: ${system.getPublicKey()}
        resolver: MEMORY
        resolver_preload: { ${accounts.join("\n")} }`,
    });
    const userClaims = { type: "user", version: 2, subs: -1, data: -1, payload: -1 };
    const jwt = signClaims(account, "node", user.getPublicKey(), userClaims);
    const seed = Buffer.from(user.getSeed()).toString();
    const path = join(commands.world.directory, "node.creds");
    const credentials = [
      `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------`,
      `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    ].join("\n\n");

    await writeFile(path, credentials, { mode: 0o644 });
    const flags = ["--store", nats.url, "--nats-credentials", path];
    const open = await init(...flags);
    expect(open).toMatchObject({ exitCode: 4, stdout: "" });
    expect(open.stderr).toContain(`chmod 600 ${path}`);
    execFileSync("chmod", ["600", path]);
    expect(await init(...flags)).toMatchObject({ exitCode: 0 });
    expect(await init("--store", nats.url)).toMatchObject({ exitCode: 4, stdout: "" });

    await writeFile(path, "nothing of that kind");
    const wrong = await init(...flags);
    expect(wrong).toMatchObject({ exitCode: 1, stdout: "" });
    expect(wrong.stderr).toContain(`${path} holds no credentials of NATS`);
  });

  it("works over TLS with a certificate, and refuses servers that nobody vouches for", async () => {
    const [certificate, key] = ["certificate.pem", "key.pem"].map((name) =>
      join(commands.world.directory, name),
    ) as [string, string];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const subject = ["-subj", "/CN=nats", "-addext", "subjectAltName=DNS:localhost"];
    const files = ["-keyout", key, "-out", certificate, "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...subject, ...files], { stdio: "pipe" });
    const quoted = JSON.stringify(certificate);
    const nats = await commands.startNats({
      configuration: `tls { cert_file: ${quoted}, key_file: ${JSON.stringify(key)}, ca_file: ${quoted}, verify: true }`,
    });
    const store = ["--store", nats.url.replace("nats://127.0.0.1", "tls://localhost")];
    const own = ["--nats-certificate", certificate, "--nats-key", key];
    const vouched = await init(...store, "--nats-ca", certificate, ...own);
    expect(vouched.stderr).not.toContain("cannot use");
    expect(vouched.exitCode).toBe(0);
    const unknown = await init(...store, ...own);
    expect(unknown).toMatchObject({ exitCode: 3, stdout: "" });
    expect(unknown.stderr).toContain("certificate");
    expect(await init(...store, "--nats-certificate", certificate)).toMatchObject({ exitCode: 2 });
  });

  it("demands TLS of servers that are named by tls://", async () => {
    const nats = await commands.startNats();
    const plain = await init("--store", nats.url.replace("nats:", "tls:"));
    expect(plain).toMatchObject({ exitCode: 3, stdout: "" });
    expect(plain.stderr).toMatch(/tls/i);
  });

  it.each([
    [["--nats-user", "ada"], "goes with a password"],
    [["--nats-nkey", "a", "--nats-credentials", "b"], "one way to log in to NATS is expected"],
    [["--nats-nkey", "/nowhere"], "there are no credentials of NATS at /nowhere"],
    [["--nats-ca", "/nowhere"], "cannot read /nowhere"],
  ])("refuses %j", async (flags, message) => {
    const { exitCode, stderr } = await init("--store", "nats://127.0.0.1:1", ...flags);
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).toContain(message);
  });

  it.each([
    [["serve", "--nats-user", "ada"], "goes with --store nats://…"],
    [["serve", "--store", "nats://ada:pw@127.0.0.1"], "Expected one of segment-log, memory"],
    [["store", "check", "--store", "memory"], "is seen by nobody but its server"],
    [["store", "init"], "name NATS servers with --store nats://…"],
  ])("refuses %j", async (args, message) => {
    const { exitCode, stderr } = await commands.world.run(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
