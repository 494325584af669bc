import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import type { FastifyInstance } from "fastify";

interface ConsoleFile {
  /** Below the console's folder, with slashes. */
  readonly path: string;
  readonly content: Buffer;
  /** As its reader may want it; nothing is compressed while somebody waits. */
  readonly gzipped?: Buffer;
}

const indexPath = "index.html";
const gzipSuffix = ".gz";
/** The build names these by what is in them. */
const hashedFolder = "assets/";

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/**
 * What a job sends is shown there: were the console ever tricked into taking it for more than text, it could
 * neither run, nor load, nor tell anything to anyone. Styles may stand in the page, as a terminal's colours
 * and the sizes of its cells are known only there; a style that is read from a job is none.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  // Browsers take the WebSockets of the same place for 'self', too (CSP level 3).
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/**
 * The files of the console, held in memory: a route for each and for nothing else, so no path leads out of
 * the folder, and a build that is replaced meanwhile is not served by halves. Rejects where there is no folder.
 */
export async function readConsoleFiles(directory: string): Promise<readonly ConsoleFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const contents = new Map<string, Buffer>();
  for (const path of paths) contents.set(path, await readFile(join(directory, path)));
  return [...contents]
    .filter(([path]) => !path.endsWith(gzipSuffix))
    .map(([path, content]) => {
      const gzipped = contents.get(path + gzipSuffix);
      return { path, content, ...(gzipped === undefined ? {} : { gzipped }) };
    });
}

export function addConsoleRoutes(app: FastifyInstance, files: readonly ConsoleFile[]): void {
  for (const file of files) addFile(app, file);
}

function addFile(app: FastifyInstance, { path, content, gzipped }: ConsoleFile): void {
  const headers = {
    ...securityHeaders,
    "content-type": mediaTypes[extname(path)] ?? "application/octet-stream",
    "cache-control": path.startsWith(hashedFolder)
      ? "public, max-age=31536000, immutable"
      : "no-cache",
    vary: "origin, accept-encoding",
  };
  const options = {
    schema: { hide: true },
    config: { access: "anyone" },
    exposeHeadRoute: true,
  } as const;
  app.get(path === indexPath ? "/" : `/${path}`, options, async (request, reply) => {
    void reply.headers(headers);
    if (gzipped === undefined || !acceptsGzip(request.headers["accept-encoding"]))
      return reply.send(content);
    return reply.header("content-encoding", "gzip").send(gzipped);
  });
}

/** RFC 9110 §12.5.3, for the one coding that there is: named or meant by `*`, and not with a weight of 0. */
export function acceptsGzip(accepted: string | string[] | undefined): boolean {
  const codings = new Map<string, number>();
  for (const part of String(accepted ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((text) => text.startsWith("q="))?.slice(2) ?? "1";
    codings.set(name, Number(weight));
  }
  return (codings.get("gzip") ?? codings.get("*") ?? 0) > 0;
}
