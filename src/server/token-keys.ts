import { createPublicKey } from "node:crypto";
import type { JsonWebKeyInput, KeyObject } from "node:crypto";
import { createRemoteJWKSet } from "jose";
import type { JWTVerifyGetKey } from "jose";

interface Issued {
  /** Required value of the claim `iss`. */
  readonly issuer?: string;
  /** Required value of, or in, the claim `aud`. */
  readonly audience?: string;
}

/**
 * What tokens are verified with. Each kind has its algorithms, so that no token chooses how it is
 * checked: `hmac` HS256; `public` the one of its key (Ed25519 EdDSA, P-256 ES256, P-384 ES384, RSA RS256);
 * `jwks` any of those, by keys that are fetched.
 */
export type TokenKey =
  | (Issued & {
      readonly kind: "hmac";
      /** At least 32 bytes. */
      readonly secret: Uint8Array;
      /** Wall time in milliseconds since 1970 from which it counts no more: the overlap of a rotation. */
      readonly validUntil?: number;
    })
  | (Issued & {
      readonly kind: "public";
      /** SPKI in PEM, or a JWK in JSON. */
      readonly key: string;
    })
  | (Issued & {
      readonly kind: "jwks";
      readonly url: string;
      /** Whoever runs the key set signs for others too: only tokens meant for this server count. */
      readonly audience: string;
    });

/** A key that is ready to verify. */
export interface VerificationKey extends Issued {
  readonly algorithms: readonly string[];
  readonly material: Uint8Array | KeyObject | JWTVerifyGetKey;
  readonly validUntil: number;
}

const secretBytesMin = 32;
const rsaBitsMin = 2048;
const jwksTimeoutMs = 5_000;
/** How long a fetched key set is trusted, and how soon an unknown key may make it be fetched again. */
const jwksAgeMs = 600_000;
const jwksCooldownMs = 30_000;
const asymmetricAlgorithms = ["EdDSA", "ES256", "ES384", "RS256"] as const;

/** Throws `RangeError` or `TypeError` for a key that is too weak or not of its kind. */
export function prepareKey(key: TokenKey): VerificationKey {
  const { issuer, audience } = key;
  const issued = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    validUntil: Infinity,
  };
  switch (key.kind) {
    case "hmac": {
      const { secret, validUntil = Infinity } = key;
      if (secret.byteLength < secretBytesMin)
        throw new RangeError(`the secret must have at least ${secretBytesMin} bytes`);
      return { ...issued, algorithms: ["HS256"], material: secret, validUntil };
    }
    case "public": {
      const material = importPublicKey(key.key);
      return { ...issued, algorithms: [algorithmOf(material)], material };
    }
    case "jwks":
      return { ...issued, algorithms: asymmetricAlgorithms, material: fetchKeySet(key.url) };
  }
}

function importPublicKey(text: string): KeyObject {
  // Node would derive the public key: but whoever hands out a private one should learn of it.
  if (text.includes("PRIVATE KEY") || /"(?:d|k)"\s*:/.test(text))
    throw new TypeError("a public key is expected, and this one is private");
  try {
    return text.trimStart().startsWith("{")
      ? createPublicKey({ key: JSON.parse(text) as JsonWebKeyInput["key"], format: "jwk" })
      : createPublicKey(text);
  } catch (error) {
    throw new TypeError("a public key is expected, as SPKI in PEM or as a JWK", { cause: error });
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === "ed25519") return "EdDSA";
  if (asymmetricKeyType === "ec" && namedCurve === "prime256v1") return "ES256";
  if (asymmetricKeyType === "ec" && namedCurve === "secp384r1") return "ES384";
  if (asymmetricKeyType === "rsa" && modulusLength >= rsaBitsMin) return "RS256";
  throw new TypeError(
    `a key of Ed25519, P-256, P-384, or RSA of ${rsaBitsMin} bits or more is expected`,
  );
}

function fetchKeySet(text: string): JWTVerifyGetKey {
  const url = new URL(text);
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback))
    throw new TypeError("the URL of a key set must begin with https://");
  return createRemoteJWKSet(url, {
    timeoutDuration: jwksTimeoutMs,
    cacheMaxAge: jwksAgeMs,
    cooldownDuration: jwksCooldownMs,
  });
}
