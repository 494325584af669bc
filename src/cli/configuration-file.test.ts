import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveConfiguration } from "./configuration.ts";
import { CommandError } from "./exit-code.ts";
import { describeServe, resolveServe } from "./serve/serve-configuration.ts";

let home: string;
let path: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "jobwire-config-"));
  path = join(home, ".config", "jobwire", "config.json");
  await mkdir(dirname(path), { recursive: true });
});

afterEach(() => rm(home, { recursive: true }));

const write = (json: unknown, to = path): Promise<void> =>
  writeFile(to, typeof json === "string" ? json : JSON.stringify(json), { mode: 0o600 });

function refusalOf(work: () => unknown): CommandError {
  try {
    work();
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("the file", () => {
  it("is found in the XDG configuration home, and gives way to variables and flags", async () => {
    await write({ url: "http://file:1", dataDirectory: "/file", serve: { port: 1, host: "file" } });
    expect(resolveConfiguration({}, { HOME: home })).toEqual({
      url: "http://file:1",
      dataDirectory: "/file",
    });
    const environment = { HOME: home, JOBWIRE_URL: "http://variable:1", JOBWIRE_PORT: "2" };
    expect(resolveConfiguration({}, environment).url).toBe("http://variable:1");
    expect(resolveConfiguration({ url: "http://flag:1" }, environment).url).toBe("http://flag:1");
    expect(resolveServe({}, environment)).toMatchObject({ port: 2, host: "file" });
  });

  it("is the one that XDG_CONFIG_HOME, JOBWIRE_CONFIG or --config names", async () => {
    await write({ url: "http://home:1" });
    await mkdir(join(home, "xdg", "jobwire"), { recursive: true });
    await write({ url: "http://xdg:1" }, join(home, "xdg", "jobwire", "config.json"));
    await write({ url: "http://variable:1" }, join(home, "variable.json"));
    await write({ url: "http://flag:1" }, join(home, "flag.json"));
    const xdg = { HOME: home, XDG_CONFIG_HOME: join(home, "xdg") };
    expect(resolveConfiguration({}, xdg).url).toBe("http://xdg:1");
    const variable = { ...xdg, JOBWIRE_CONFIG: join(home, "variable.json") };
    expect(resolveConfiguration({}, variable).url).toBe("http://variable:1");
    const config = join(home, "flag.json");
    expect(resolveConfiguration({ config }, variable)).toMatchObject({
      url: "http://flag:1",
      configPath: config,
    });
  });

  it("may be absent, but not where it was named", () => {
    expect(resolveConfiguration({}, { HOME: home })).not.toHaveProperty("url");
    const config = join(home, "none.json");
    const refusal = refusalOf(() => resolveConfiguration({ config }, { HOME: home }));
    expect(refusal).toMatchObject({ exitCode: 2 });
    expect(refusal.message).toContain(`cannot read the configuration ${config}`);
  });

  it.each([
    [{ urll: "x" }, 'unknown key "urll"', "Known: url, token, dataDirectory, serve"],
    [{ serve: { prot: 1 } }, 'unknown key "serve.prot"', "Known in serve: host, port,"],
    [
      { serve: { limits: { connection: 1 } } },
      'unknown key "serve.limits.connection"',
      "Known in serve.limits: connections, connectionsPerAddress,",
    ],
    [{ "serve.port": 1 }, 'unknown key "serve.port"', "Known in serve: "],
    [{ serve: 7 }, "serve in", "must be a JSON object"],
    [{ serve: { port: "7" } }, "serve.port in", 'expected a whole number from 0 to 65535, got "7"'],
    [{ serve: { publicUrls: "x" } }, "serve.publicUrls in", "expected a list, each a URL"],
    [{ serve: { limits: { requests: 0 } } }, "serve.limits.requests in", "from 1 to"],
    ["{", "is not JSON", ""],
    ["[]", "must hold a JSON object", ""],
  ])("%j is refused by its key and the file's path", async (json, message, known) => {
    await write(json);
    const refusal = refusalOf(() => resolveServe({}, { HOME: home }));
    expect(refusal.exitCode).toBe(2);
    expect(refusal.message).toContain(message);
    expect(refusal.message).toContain(known);
    expect(refusal.message).toContain(path);
  });

  it("holds a token only while nobody else can read it, and never shows it", async () => {
    await write({ token: "secret-token" });
    expect(resolveConfiguration({}, { HOME: home }).token).toBe("secret-token");
    await write({ token: 7 });
    expect(refusalOf(() => resolveConfiguration({}, { HOME: home })).message).not.toContain("7,");
    await chmod(path, 0o644);
    const refusal = refusalOf(() => resolveConfiguration({}, { HOME: home }));
    expect(refusal.exitCode).toBe(4);
    expect(refusal.message).toContain("chmod 600");
  });
});

describe("variables of serve", () => {
  it("say lists with commas, and limits by name", () => {
    const environment = {
      HOME: home,
      JOBWIRE_PUBLIC_URLS: "https://a.example.org, https://b.example.org",
      JOBWIRE_TRUSTED_PROXIES: "10.0.0.0/8",
      JOBWIRE_LIMIT_CONNECTIONS_PER_ADDRESS: "7",
      JOBWIRE_LIMIT_MAX_LOG_BYTES: "1024",
      JOBWIRE_LIMIT_STALL_MS: "9000",
    };
    expect(resolveServe({}, environment)).toMatchObject({
      publicUrls: ["https://a.example.org", "https://b.example.org"],
      trustedProxies: ["10.0.0.0/8"],
      serverLimits: { connectionsPerAddress: 7 },
      brokerLimits: { maxLogBytes: 1024 },
      streamTimes: { stallMs: 9000 },
    });
  });

  it.each([
    ["JOBWIRE_PORT", "x", "expected a whole number"],
    ["JOBWIRE_STORE", "paper", "expected one of segment-log, memory"],
    ["JOBWIRE_ALLOWED_ORIGINS", "https://a.example.org/path", "an origin such as"],
    ["JOBWIRE_TRUSTED_PROXIES", "10.0.0.0/99", "an IP address or a range"],
    ["JOBWIRE_LIMIT_NONSENSE", "1", "names no limit"],
    ["JOBWIRE_JWKS_URL", "https://keys.example.org", "--audience"],
  ])("%s=%s is refused", (name, value, message) => {
    const refusal = refusalOf(() => resolveServe({}, { HOME: home, [name]: value }));
    expect(refusal.exitCode).toBe(2);
    expect(refusal.message).toContain(message);
  });
});

describe("describeServe", () => {
  it("shows each value with who has set it, and hides secrets", async () => {
    await write({ token: "secret-token", serve: { logLevel: "info", limits: { requests: 5 } } });
    const shown = describeServe({ limit: { connections: 3 }, port: 1 } as never, {
      HOME: home,
      JOBWIRE_HOST: "::1",
      JOBWIRE_LIMIT_HEADER_MS: "77",
    });
    for (const line of [
      /^KEY +VALUE +SOURCE$/m,
      /^serve\.port +1 +--port$/m,
      /^serve\.host +"::1" +JOBWIRE_HOST$/m,
      /^serve\.limits\.connections +3 +--limit connections$/m,
      /^serve\.limits\.headerMs +77 +JOBWIRE_LIMIT_HEADER_MS$/m,
      /^serve\.limits\.requestMs +120000 +default$/m,
      /^serve\.storeLimit +\(16384; half of the memory with --store memory; with NATS what its streams may hold\) +default$/m,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(shown).toMatch(new RegExp(`^serve\\.logLevel +"info" +${path}$`, "m"));
    expect(shown).toMatch(new RegExp(`^serve\\.limits\\.requests +5 +${path}$`, "m"));
    expect(shown).toMatch(new RegExp(`^token +\\(hidden\\) +${path}$`, "m"));
    expect(shown).not.toContain("secret-token");
  });
});
