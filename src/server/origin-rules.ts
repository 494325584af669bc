import { ChannelError } from "../core/errors.ts";

const loopbackNames = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const stateChanging = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/**
 * Which names this server answers to. A page of a stranger whose name was made to point here (DNS
 * rebinding) sends that name as Host; a page of another site sends its Origin.
 */
export class OriginRules {
  readonly #publicHosts: ReadonlySet<string>;
  readonly #publicOrigins: ReadonlySet<string>;

  constructor(publicUrls: readonly string[]) {
    const urls = publicUrls.map((url) => new URL(url));
    this.#publicHosts = new Set(urls.map((url) => url.host.toLowerCase()));
    this.#publicOrigins = new Set(urls.map((url) => url.origin));
  }

  /** Errors: `misdirected_request`. */
  requireHost(host: string | undefined): void {
    const name = (host ?? "").toLowerCase();
    if (this.#publicHosts.has(name) || loopbackNames.test(name.replace(/:\d{1,5}$/, ""))) return;
    throw new ChannelError("misdirected_request", { host: name.slice(0, 255) });
  }

  /** Errors: `origin_refused` for a request that changes something and comes from a page of another site. */
  requireOrigin(method: string, origin: string | undefined, host: string | undefined): void {
    if (origin === undefined || !stateChanging.has(method)) return;
    if (
      this.#publicOrigins.has(origin) ||
      origin === `http://${host ?? ""}` ||
      origin === `https://${host ?? ""}`
    )
      return;
    throw new ChannelError("origin_refused", { origin: origin.slice(0, 255) });
  }
}
