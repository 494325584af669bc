import { ChannelError } from "../core/errors.ts";

const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** What pages of a named origin may read of an answer besides its body. */
const exposedHeaders = [
  "etag",
  "jobwire-bytes",
  "jobwire-cursor",
  "jobwire-first",
  "jobwire-last",
  "jobwire-store",
  "location",
  "retry-after",
  "x-request-id",
].join(", ");
const preflightSeconds = 600;

/**
 * Which names this server answers to, and whose pages may use it. A page of a stranger whose name was made
 * to point here (DNS rebinding) sends that name as Host; a page of another site sends its Origin.
 */
export class OriginRules {
  readonly #publicHosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(publicUrls: readonly string[], allowedOrigins: readonly string[]) {
    const urls = publicUrls.map((url) => new URL(url));
    this.#publicHosts = new Set(urls.map((url) => url.host.toLowerCase()));
    this.#origins = new Set([...urls, ...allowedOrigins.map(requireOrigin)].map(originOf));
  }

  /** Errors: `misdirected_request`. */
  requireHost(host: string | undefined): void {
    const name = (host ?? "").toLowerCase();
    if (this.#publicHosts.has(name) || loopbackNames.test(name.replace(/:\d{1,5}$/, ""))) return;
    throw new ChannelError("misdirected_request", { host: name.slice(0, 255) });
  }

  /** Of a request that changes something. Errors: `origin_refused` if it comes from a page of another site. */
  requireOrigin(origin: string | undefined, host: string | undefined): void {
    if (origin === undefined || this.#isAllowed(origin, host)) return;
    throw new ChannelError("origin_refused", { origin: origin.slice(0, 255) });
  }

  /** Headers of every answer, refusals too: a page that cannot read why it was refused cannot mend it. */
  headersFor(origin: string | undefined): Readonly<Record<string, string>> {
    const vary = { vary: "origin" };
    if (origin === undefined || !this.#origins.has(origin)) return vary;
    return {
      ...vary,
      "access-control-allow-origin": origin,
      "access-control-expose-headers": exposedHeaders,
    };
  }

  #isAllowed(origin: string, host: string | undefined): boolean {
    return (
      this.#origins.has(origin) ||
      origin === `http://${host ?? ""}` ||
      origin === `https://${host ?? ""}`
    );
  }
}

/** Fetch standard, "CORS-preflight fetch"; tokens are sent by scripts, so nothing needs credentials. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
  "access-control-allow-headers":
    "accept, authorization, content-type, if-none-match, last-event-id, x-request-id",
  "access-control-max-age": String(preflightSeconds),
};

function requireOrigin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && originOf(url) === text) return url;
  throw new TypeError(
    `an origin such as https://app.example.org is expected, got ${JSON.stringify(text)}`,
  );
}

function originOf(url: URL): string {
  return url.origin;
}
