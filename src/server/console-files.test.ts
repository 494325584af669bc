import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemOf, ServerWorld } from "../../test/server-world.ts";
import { sendRaw } from "../../test/doors/raw-request.ts";
import { acceptsGzip } from "./console-files.ts";

const script = "export const answer = 42;\n".repeat(100);
const page = "<!doctype html><title>console</title>";

/** As it is: nothing on the way tidies the path, or unpacks what comes. */
async function get(path: string, header = "host: localhost"): ReturnType<typeof sendRaw> {
  return await sendRaw(world.port, `GET ${path} HTTP/1.1\r\n${header}\r\n\r\n`);
}

let world: ServerWorld;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "jobwire-console-"));
  const consoleDirectory = join(directory, "console");
  await mkdir(join(consoleDirectory, "assets"), { recursive: true });
  await writeFile(join(directory, "secret.txt"), "secret");
  await writeFile(join(consoleDirectory, "index.html"), page);
  await writeFile(join(consoleDirectory, "assets", "main-1a2b.js"), script);
  await writeFile(join(consoleDirectory, "assets", "main-1a2b.js.gz"), gzipSync(script));
  await writeFile(join(consoleDirectory, "assets", "icon-3c.svg"), "<svg/>");
  world = await ServerWorld.create({ consoleDirectory });
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe("the files of the console", () => {
  it("are sent with their types, and hashed ones for ever", async () => {
    const got = async (path: string): Promise<unknown[]> => {
      const { status, headers } = await fetch(world.url + path);
      return [status, headers.get("content-type"), headers.get("cache-control")];
    };
    const forever = "public, max-age=31536000, immutable";
    expect(await got("/")).toEqual([200, "text/html; charset=utf-8", "no-cache"]);
    expect(await got("/assets/main-1a2b.js")).toEqual([
      200,
      "text/javascript; charset=utf-8",
      forever,
    ]);
    expect(await got("/assets/icon-3c.svg")).toEqual([200, "image/svg+xml", forever]);
  });

  it("forbid the page whatever is not a file of its own", async () => {
    const { headers } = await fetch(`${world.url}/`);
    const policy = (headers.get("content-security-policy") ?? "").split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("come compressed to who can read that", async () => {
    const path = "/assets/main-1a2b.js";
    const { headers, body } = await get(path, "host: localhost\r\naccept-encoding: gzip, br");
    expect(headers["content-encoding"]).toBe("gzip");
    expect(headers.vary).toBe("origin, accept-encoding");
    expect(gunzipSync(Buffer.from(body, "latin1")).toString()).toBe(script);
    const plain = await fetch(world.url + path, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(script);
  });

  it("answer HEAD without a body", async () => {
    const response = await fetch(`${world.url}/`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(page.length));
    expect(await response.text()).toBe("");
  });

  it("are all there is: no other path, no folder, nothing beside it", async () => {
    const paths = [
      "/index.html",
      "/assets",
      "/assets/",
      "/assets/main-1a2b.js.gz",
      "/nothing.js",
      "/..%2fsecret.txt",
      "/assets/..%2f..%2fsecret.txt",
      "/assets/%2e%2e/%2e%2e/secret.txt",
      "/%00",
    ];
    for (const path of paths) {
      const { status } = await get(path);
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it("are for who came by a name of this server", async () => {
    expect((await get("/", "host: rebound.example.org")).status).toBe(421);
  });

  it("are no part of what is told of the protocol", async () => {
    const document = await (await fetch(`${world.url}/v1/openapi.json`)).json();
    const { paths } = document as { readonly paths: object };
    expect(Object.keys(paths).filter((path) => !/^\/(v1\/|healthz|readyz)/.test(path))).toEqual([]);
  });

  it("cannot be written to", async () => {
    expect(await problemOf(await fetch(`${world.url}/`, { method: "POST" }))).toEqual([
      405,
      "method_not_allowed",
    ]);
  });
});

describe("a server without a console", () => {
  it("has nothing at its root", async () => {
    await using bare = await ServerWorld.create();
    expect(await problemOf(await fetch(`${bare.url}/`))).toEqual([404, "route_not_found"]);
  });
});

describe("Accept-Encoding", () => {
  it.each([
    [undefined, false],
    ["", false],
    ["gzip", true],
    ["br, GZIP;q=0.5", true],
    ["gzip;q=0, *", false],
    ["*", true],
    ["*;q=0", false],
    ["identity", false],
  ])("%j is understood", (header, isAccepted) => {
    expect(acceptsGzip(header)).toBe(isAccepted);
  });
});
