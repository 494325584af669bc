import { createHmac, generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { secret, signToken } from "../../server-world.ts";
import { attackSuite } from "./attack-suite.ts";
import { tally } from "./attacker.ts";
import type { Attacker } from "./attacker.ts";

const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const claims = { sub: "attacker", exp: inAnHour };
const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token whose header says what it likes, signed with HMAC. */
function forge(header: object, payload: object, key: string | Uint8Array, hash = "sha256"): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${createHmac(hash, key).update(text).digest("base64url")}`;
}

async function present(attacker: Attacker, tokens: readonly string[]): Promise<unknown> {
  const verdicts: string[] = [];
  for (const token of tokens)
    verdicts.push(await attacker.send(attacker.head("GET /v1/processes/p", [], token)));
  return tally(verdicts);
}

const unauthenticated = (count: number): unknown => ({ "401 unauthenticated": count });

attackSuite(
  "tokens and names that",
  [
    {
      name: "were signed by somebody else, or by nobody",
      run: async (attacker) => {
        const good = await signToken("attacker");
        const [header = "", payload = "", signature = ""] = good.split(".");
        return await present(attacker, [
          `${encode({ alg: "none" })}.${payload}.`,
          `${encode({ alg: "None" })}.${payload}.${signature}`,
          `${encode({ alg: "HS256" })}.${encode({ ...claims, scope: "admin" })}.${signature}`,
          `${header}.${payload}.`,
          `${header}.${payload}`,
          good.slice(0, -4),
          forge({ alg: "HS256" }, claims, "another secret of 32 bytes, or so"),
          `${good}.${good}`,
          "a".repeat(8_000),
        ]);
      },
      answer: unauthenticated(9),
    },
    {
      name: "confuse kinds of keys",
      run: (attacker) =>
        present(attacker, [
          forge({ alg: "HS256" }, claims, publicPem),
          forge({ alg: "HS256" }, claims, publicPem.trim()),
          forge({ alg: "RS256" }, claims, publicPem),
          forge({ alg: "RS256" }, claims, secret),
          forge({ alg: "HS512" }, claims, secret, "sha512"),
          forge({ alg: "HS256", jwk: { kty: "oct", k: "AAAA" } }, claims, Buffer.alloc(3)),
          forge({ alg: "HS256", kid: "../../../../dev/null" }, claims, ""),
          forge({ alg: "HS256", jku: "http://127.0.0.1/keys" }, claims, "x"),
          forge({ alg: "HS256", crit: ["exp"] }, claims, secret),
        ]),
      answer: unauthenticated(9),
    },
    {
      name: "claim what cannot be",
      run: async (attacker) => {
        const say = (more: object): Promise<string> =>
          new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: "HS256" }).sign(secret);
        return await present(
          attacker,
          await Promise.all([
            say({ exp: undefined }),
            say({ sub: undefined }),
            say({ sub: "" }),
            say({ sub: "grant:x" }),
            say({ sub: "a\nb" }),
            say({ sub: "a".repeat(257) }),
            say({ ops: ["everything"] }),
            say({ ops: "read" }),
            say({ channels: { out: true } }),
            say({ process: ["p"] }),
            say({ scope: ["admin"] }),
            say({ nbf: inAnHour - 60 }),
          ]),
        );
      },
      answer: unauthenticated(12),
    },
    {
      name: "have expired, again and again",
      run: async (attacker) => {
        const token = await signToken("attacker", { exp: Math.floor(Date.now() / 1000) - 60 });
        return await present(attacker, Array<string>(50).fill(token));
      },
      answer: { "401 token_expired": 50 },
    },
    {
      name: "are new each time",
      run: async (attacker, world) => {
        const before = world.lines.length;
        const socket = await attacker.open();
        let told = "";
        socket.setEncoding("latin1").on("data", (text: string) => (told += text));
        const count = 500;
        for (let i = 0; i < count; i++) {
          socket.write(
            attacker.head("GET /v1/processes", [], forge({ alg: "HS256" }, claims, `${i}`)),
          );
          while (told.split("HTTP/1.1 401").length < i + 2)
            await new Promise((resolve) => socket.once("data", resolve));
        }
        // One line at once, then one every 10 s: an attack must not fill the disk.
        return { isAudited: world.lines.length - before < 10 };
      },
      answer: { isAudited: true },
    },
    {
      name: "name another host, or come from another site",
      run: async (attacker) => {
        const token = await signToken("attacker");
        const verdicts: string[] = [];
        const hosts = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"];
        for (const host of [...hosts, "127.0.0.1@evil.example", "0.0.0.0"]) {
          const head = `GET /v1/processes/p HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
          verdicts.push(await attacker.send(head));
        }
        for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"])
          for (const request of [
            "POST /v1/processes",
            "DELETE /v1/processes/p",
            "OPTIONS /v1/processes",
          ])
            verdicts.push(
              await attacker.send(attacker.head(request, [`Origin: ${origin}`], token)),
            );
        return tally(verdicts);
      },
      answer: { "421 misdirected_request": 6, "403 origin_refused": 9 },
    },
    {
      name: "lead out of where names belong",
      run: async (attacker) => {
        const token = await signToken("attacker");
        const ids = [
          "..%2f..%2fetc%2fpasswd",
          "%2e%2e",
          "a..b",
          "%2e%2e%5c",
          "a%00b",
          "a%0d%0aX-Forged:1",
          "a%2fb",
          "%c0%ae%c0%ae",
          "%E2%80%AEp",
          "-rf",
          "a".repeat(200),
        ];
        const verdicts: string[] = [];
        for (const id of ids)
          for (const target of [id, `${id}/channels/out`, `p/channels/${id}/entries`])
            verdicts.push(
              await attacker.send(attacker.head(`GET /v1/processes/${target}`, [], token)),
            );
        const whole = await attacker.send(
          attacker.head("GET /v1/processes/../../../etc/passwd", [], token),
        );
        return { ...tally(verdicts), whole };
      },
      // A channel is looked for in its process alone, whatever its name.
      answer: {
        "400 invalid_argument": 23,
        "404 channel_not_found": 10,
        whole: "404 route_not_found",
      },
    },
    {
      name: "guess codes, use one twice, or make so many that others go",
      run: async (attacker, world) => {
        const signIn = async (code: string): Promise<string> => {
          const response = await fetch(`${world.url}/v1/sign-in`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ code }),
          });
          await response.arrayBuffer();
          return String(response.status);
        };
        const makeCode = async (identity: string): Promise<string> => {
          const response = await world.request(identity, "POST", "/v1/sign-in/codes");
          return ((await response.json()) as { code: string }).code;
        };
        const guesses = await Promise.all(
          Array.from({ length: 300 }, (_, i) => signIn(`guess-${i}`)),
        );
        const code = await makeCode("neighbour");
        for (let round = 0; round < 12; round++)
          await Promise.all(Array.from({ length: 100 }, () => makeCode("attacker")));
        const used = await Promise.all(Array.from({ length: 20 }, () => signIn(code)));
        return { guesses: tally(guesses), used: tally(used) };
      },
      answer: { guesses: { "401": 300 }, used: { "200": 1, "401": 19 } },
    },
  ],
  { publicKey: publicPem },
);
