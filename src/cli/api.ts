import { isChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { decodeError, errorStatus, retryAfterMs } from "../protocol/index.ts";
import type { Credentials } from "./credentials.ts";
import type { Jobwire } from "../client/index.ts";
import { followSignal, raceSignal } from "../client/abort.ts";
import { BackOff, delay } from "../client/back-off.ts";

// A whole entry over a slow line takes its time; only a dead connection takes longer.
const requestTimeoutMs = 120_000;
// A line that broke, or another transport, takes its time; a person waits no longer.
const awayMsMax = 10_000;

/** No answer of a Jobwire server: nobody listens, the line broke, or something else answered. */
export class UnreachableError extends Error {
  constructor(url: string, options?: { readonly cause?: unknown }) {
    super(`cannot reach a Jobwire server at ${url}`, options);
    this.name = "UnreachableError";
  }
}

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  /** A payload as it is; excludes `json`. */
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether a failure that may pass is one to wait for; by default each is. */
  readonly isWorthWaiting?: (error: unknown) => boolean;
}

/** Told of each attempt to reach the server. */
export interface ReachObserver {
  /** A Jobwire server answered, if only to refuse. */
  reached(): void;
  missed(): void;
}

/** The server's routes as the commands use them, in the name of one identity. */
export class Api {
  readonly url: string;
  readonly credentials: Credentials;
  readonly system: System;
  readonly #observer: ReachObserver | undefined;
  #wire: Promise<Jobwire> | undefined;

  constructor(url: string, credentials: Credentials, system: System, observer?: ReachObserver) {
    this.url = url;
    this.credentials = credentials;
    this.system = system;
    this.#observer = observer;
  }

  as(credentials: Credentials): Api {
    return new Api(this.url, credentials, this.system, this.#observer);
  }

  observedBy(observer: ReachObserver): Api {
    return new Api(this.url, this.credentials, this.system, observer);
  }

  /** For what goes on: reading, writing, watching, over one connection. Loaded when first needed. */
  async wire(): Promise<Jobwire> {
    this.#wire ??= this.#openWire();
    return await this.#wire;
  }

  async #openWire(): Promise<Jobwire> {
    const { Jobwire } = await import("../client/node.ts");
    const token = async (): Promise<string> => (await this.credentials.token()) ?? "";
    const wire = new Jobwire({ url: this.url, token });
    wire.onState(({ kind }) => {
      if (kind === "live") this.#observer?.reached();
      if (kind === "waiting") this.#observer?.missed();
    });
    return wire;
  }

  /** Work over that connection, for whom there is no waiting: given up with a server that stays away. */
  async whileReachable<Result>(work: () => Promise<Result>): Promise<Result> {
    const wire = await this.wire();
    let timer: { cancel(): void } | undefined;
    let unlisten: (() => void) | undefined;
    const away = new Promise<never>((_, reject) => {
      unlisten = wire.onState((state) => {
        if (state.kind === "live") {
          timer?.cancel();
          timer = undefined;
        } else if (state.kind === "waiting") {
          const { error } = state;
          timer ??= this.system.clock.after(awayMsMax, () => reject(this.unreachable(error)));
        }
      });
    });
    try {
      return await Promise.race([work(), away]);
    } finally {
      unlisten?.();
      timer?.cancel();
    }
  }

  /** The error for a request or a stream that the line failed. */
  unreachable(cause: unknown): UnreachableError {
    this.#observer?.missed();
    return new UnreachableError(this.url, { cause });
  }

  /** The answer's JSON. Throws `ChannelError` for a refusal, `UnreachableError` where no answer came. */
  async request(method: string, path: string, request: ApiRequest = {}): Promise<unknown> {
    const { controller, unfollow } = followSignal(request.signal);
    const timer = this.system.clock.after(requestTimeoutMs, () => {
      controller.abort(new Error("no answer in time"));
    });
    try {
      const { signal } = controller;
      const response = await this.stream(method, path, { ...request, signal });
      const text = await raceSignal(response.text(), signal);
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    } catch (error) {
      throw this.#explain(error, request.signal);
    } finally {
      timer.cancel();
      unfollow();
    }
  }

  /** A successful answer whose body has not been read. Throws as `request` does. */
  async stream(method: string, path: string, request: ApiRequest = {}): Promise<Response> {
    let response: Response;
    try {
      const answer = fetch(this.#address(path, request.query), await this.#init(method, request));
      response = await (request.signal === undefined ? answer : raceSignal(answer, request.signal));
    } catch (error) {
      throw this.#explain(error, request.signal);
    }
    if (response.ok) {
      this.#observer?.reached();
      return response;
    }
    throw await this.#decodeRefusal(response);
  }

  /** Tries until it succeeds or is refused for good. What is tried must be harmless when repeated. */
  async retry<Result>(
    attempt: () => Promise<Result>,
    { signal, isWorthWaiting = () => true }: RetryOptions = {},
  ): Promise<Result> {
    const backOff = new BackOff(this.system);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (signal?.aborted === true || !isRetryable(error) || !isWorthWaiting(error)) throw error;
        await delay(this.system, backOff.nextDelayMs(retryAfterMsOf(error)), signal);
      }
    }
  }

  #address(path: string, query: ApiRequest["query"] = {}): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    return `${this.url}${path}${parameters.size === 0 ? "" : `?${parameters.toString()}`}`;
  }

  async #init(method: string, { json, body, headers, signal }: ApiRequest): Promise<RequestInit> {
    const token = await this.credentials.token();
    const content = json === undefined ? body : JSON.stringify(json);
    const contentType = json === undefined ? "application/octet-stream" : "application/json";
    return {
      method,
      // A redirect would carry the token to wherever it points.
      redirect: "error",
      headers: {
        ...(content === undefined ? {} : { "content-type": contentType }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  #explain(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    if (isChannelError(error) || error instanceof UnreachableError) return error;
    return this.unreachable(error);
  }

  /** A refusal without a problem in it came from something in between: a proxy, or another kind of server. */
  async #decodeRefusal(response: Response): Promise<Error> {
    const text = await response.text().catch(() => "");
    let problem: unknown;
    try {
      problem = JSON.parse(text);
    } catch {
      // As good as no problem.
    }
    const refusal = decodeError(problem);
    if (refusal === undefined) return this.unreachable(new Error(`HTTP status ${response.status}`));
    // One that shuts down answers for the last time.
    if (refusal.code !== "shutting_down") this.#observer?.reached();
    return refusal;
  }
}

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    (isChannelError(error) && errorStatus[error.code].retryable)
  );
}

/** What a refusal asks for, else 0. */
export function retryAfterMsOf(error: unknown): number {
  return isChannelError(error) ? (retryAfterMs(error) ?? 0) : 0;
}
