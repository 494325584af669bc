import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import type { CryptoKey, GenerateKeyPairResult } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../../test/broker-world.ts";
import { systemClock } from "../core/system.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import type { TokenKey } from "./token-keys.ts";
import { TokenVerifier } from "./token-verifier.ts";

const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");
const pairs = new Map<string, GenerateKeyPairResult>();
const algorithms = ["EdDSA", "ES256", "ES384", "RS256"];

beforeAll(async () => {
  for (const algorithm of algorithms)
    pairs.set(algorithm, await generateKeyPair(algorithm, { extractable: true }));
});

function pairOf(algorithm: string): GenerateKeyPairResult {
  const pair = pairs.get(algorithm);
  if (pair === undefined) throw new Error(`no key for ${algorithm}`);
  return pair;
}

async function sign(
  alg: string,
  key: CryptoKey | Uint8Array,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  return await new SignJWT({ sub: "ada", exp: Math.floor(Date.now() / 1000) + 600, ...claims })
    .setProtectedHeader({ alg, ...header })
    .sign(key);
}

const verifierOf = (...keys: TokenKey[]): TokenVerifier => new TokenVerifier(keys, systemClock);

async function publicKey(algorithm: string): Promise<TokenKey> {
  return { kind: "public", key: await exportSPKI(pairOf(algorithm).publicKey) };
}

/** A key set as an issuer publishes it; counts how often it is fetched. */
async function publishKeySet(keys: () => Promise<object[]>) {
  let fetched = 0;
  const server = createHttpServer((_request, response) => {
    fetched += 1;
    void keys().then((set) => response.end(JSON.stringify({ keys: set })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/keys`,
    fetched: () => fetched,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe("keys", () => {
  it.each(algorithms)("verifies %s by a public key, as PEM and as JWK", async (algorithm) => {
    const { privateKey, publicKey: key } = pairOf(algorithm);
    const token = await sign(algorithm, privateKey);
    const jwk: TokenKey = { kind: "public", key: JSON.stringify(await exportJWK(key)) };
    for (const one of [await publicKey(algorithm), jwk]) {
      expect((await verifierOf(one).identify(token)).caller.identity).toBe("ada");
    }
  });

  it("takes no algorithm but that of the key's kind", async () => {
    const rsa = pairOf("RS256");
    const spki = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
    const verifier = verifierOf({ kind: "hmac", secret }, await publicKey("RS256"));
    const attempts = {
      "the public key as a secret": await sign("HS256", spki),
      "another hash": await sign("HS512", new Uint8Array(64).fill(1)),
      none: new UnsecuredJWT({ sub: "ada" }).setExpirationTime("1h").encode(),
      "a key of its own": await sign(
        "EdDSA",
        pairOf("EdDSA").privateKey,
        {},
        {
          jwk: await exportJWK(pairOf("EdDSA").publicKey),
        },
      ),
    };
    for (const [name, token] of Object.entries(attempts))
      expect([name, await codeOf(verifier.identify(token))]).toEqual([name, "unauthenticated"]);
    expect((await verifier.identify(await sign("HS256", secret))).caller.identity).toBe("ada");
    expect((await verifier.identify(await sign("RS256", rsa.privateKey))).caller.identity).toBe(
      "ada",
    );
  });

  it("refuses to start with a key that is weak, private or of another kind", async () => {
    const privateKey = await exportPKCS8(pairOf("ES256").privateKey);
    const weak = await generateKeyPair("ES256K", { extractable: true }).catch(() => undefined);
    expect(() => verifierOf({ kind: "hmac", secret: new Uint8Array(31) })).toThrow("32 bytes");
    expect(() => verifierOf({ kind: "public", key: privateKey })).toThrow("private");
    expect(() => verifierOf({ kind: "public", key: "not a key" })).toThrow("public key");
    const jwk = JSON.stringify(await exportJWK(pairOf("ES256").privateKey));
    expect(() => verifierOf({ kind: "public", key: jwk })).toThrow("private");
    expect(() =>
      verifierOf({ kind: "jwks", url: "http://keys.example.org/", audience: "jobwire" }),
    ).toThrow("https");
    expect(weak).toBeUndefined();
  });

  it("requires the issuer and the audience that a key is for", async () => {
    const key = {
      kind: "hmac",
      secret,
      issuer: "https://id.example.org",
      audience: "jobwire",
    } as const;
    const verifier = verifierOf(key);
    const claims = { iss: key.issuer, aud: ["other", "jobwire"] };
    expect((await verifier.identify(await sign("HS256", secret, claims))).caller.identity).toBe(
      "ada",
    );
    for (const wrong of [
      { ...claims, iss: "https://evil.example" },
      { ...claims, aud: "other" },
      {},
    ])
      expect(await codeOf(verifier.identify(await sign("HS256", secret, wrong)))).toBe(
        "unauthenticated",
      );
  });

  it("takes no identity that stands for a grant's holder, and no claim that it does not understand", async () => {
    const verifier = verifierOf({ kind: "hmac", secret });
    for (const claims of [
      { sub: "grant:abc" },
      { sub: "" },
      { sub: "a\nb" },
      { sub: "x".repeat(257) },
      { ops: "read" },
      { ops: ["everything"] },
      { channels: [1] },
      { process: 7 },
      { exp: undefined },
    ])
      expect([
        claims,
        await codeOf(verifier.identify(await sign("HS256", secret, claims))),
      ]).toEqual([claims, "unauthenticated"]);
  });
});

describe("key sets", () => {
  it("are fetched once, and again for a key that is new", async () => {
    const kids = ["EdDSA"];
    const set = await publishKeySet(() =>
      Promise.all(
        kids.map(async (kid) => ({ ...(await exportJWK(pairOf(kid).publicKey)), kid, alg: kid })),
      ),
    );
    const verifier = verifierOf({ kind: "jwks", url: set.url, audience: "jobwire" });
    const token = (alg: string): Promise<string> =>
      sign(alg, pairOf(alg).privateKey, { aud: "jobwire" }, { kid: alg });
    expect((await verifier.identify(await token("EdDSA"))).caller.identity).toBe("ada");
    expect((await verifier.identify(await token("EdDSA"))).caller.identity).toBe("ada");
    expect(set.fetched()).toBe(1);
    // An unknown key may be asked for, but not as often as somebody likes.
    expect(await codeOf(verifier.identify(await token("ES256")))).toBe("unauthenticated");
    expect(await codeOf(verifier.identify(await token("ES384")))).toBe("unauthenticated");
    expect(set.fetched()).toBe(1);
    await set.close();
  });

  it("that cannot be fetched say nothing of a token", async () => {
    const set = await publishKeySet(() => Promise.resolve([]));
    await set.close();
    const verifier = verifierOf(
      { kind: "hmac", secret },
      { kind: "jwks", url: set.url, audience: "jobwire" },
    );
    const token = await sign("EdDSA", pairOf("EdDSA").privateKey, { aud: "jobwire" });
    expect(await codeOf(verifier.identify(token))).toBe("unavailable");
    expect((await verifier.identify(await sign("HS256", secret))).caller.identity).toBe("ada");
  });
});

describe("a change of keys", () => {
  it("lets an old secret count for the time of the overlap, also for tokens that were verified before", async () => {
    const clock = new FakeClock();
    clock.advance(Date.now() - clock.now());
    const next = new Uint8Array(32).fill(2);
    const verifier = new TokenVerifier([{ kind: "hmac", secret }], clock);
    const old = await sign("HS256", secret);
    await verifier.identify(old);
    const validUntil = clock.now() + 60_000;
    verifier.replaceKeys([
      { kind: "hmac", secret: next },
      { kind: "hmac", secret, validUntil },
    ]);
    expect((await verifier.identify(old)).expiresAt).toBe(validUntil);
    expect((await verifier.identify(await sign("HS256", next))).caller.identity).toBe("ada");
    clock.advance(60_000);
    expect(await codeOf(verifier.identify(old))).toBe("unauthenticated");
  });

  it("forgets tokens of a key that is gone", async () => {
    const verifier = verifierOf({ kind: "hmac", secret });
    const token = await sign("HS256", secret);
    await verifier.identify(token);
    verifier.replaceKeys([{ kind: "hmac", secret: new Uint8Array(32).fill(2) }]);
    expect(await codeOf(verifier.identify(token))).toBe("unauthenticated");
  });
});
