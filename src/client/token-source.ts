import { isChannelError, unavailable } from "../core/errors.ts";
import { decodeBase64Portably } from "../protocol/base64.ts";

/** A token or grant, or what gives the one to use now. */
export type TokenOption = string | (() => string | Promise<string>);

/** The token to present, asked for once however many want it at the same time. */
export class TokenSource {
  readonly #option: TokenOption;
  #current: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(option: TokenOption) {
    this.#option = option;
  }

  /** Whether another token may be had. */
  get canRenew(): boolean {
    return typeof this.#option === "function";
  }

  /** Throws `unavailable` where the function of the options fails. */
  async get(): Promise<string> {
    if (typeof this.#option === "string") return this.#option;
    if (this.#current !== undefined) return this.#current;
    this.#asking ??= this.#ask(this.#option).finally(() => (this.#asking = undefined));
    return await this.#asking;
  }

  /** Whoever asks next gets another one, unless that has happened already. */
  forget(token = this.#current): void {
    if (token === this.#current) this.#current = undefined;
  }

  async #ask(option: () => string | Promise<string>): Promise<string> {
    try {
      this.#current = await option();
      return this.#current;
    } catch (error) {
      if (isChannelError(error)) throw error;
      throw unavailable("no token was given", error);
    }
  }
}

/** Whom a token names (`sub` of a JWT), or undefined for a grant and whatever else is no JWT. */
export function readSubject(token: string): string | undefined {
  const body = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    // It has no padding, and none is asked for here.
    const { sub } = JSON.parse(new TextDecoder().decode(decodeBase64Portably(body))) as {
      readonly sub?: unknown;
    };
    return typeof sub === "string" ? sub : undefined;
  } catch {
    return undefined;
  }
}
