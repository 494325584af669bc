import { ChannelError, isChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { isOfToken, isRetryable } from "../protocol/error-retry.ts";
import { decodeError } from "../protocol/decode-error.ts";
import { followSignal, raceLimit, raceSignal } from "./abort.ts";
import { BackOff, delay, lineRetryAfterMs } from "./back-off.ts";
import type { TokenSource } from "./token-source.ts";

/** A whole entry over a slow line takes its time; only a dead connection takes longer. */
const requestTimeoutMs = 120_000;

export interface HttpRequest {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  /** A payload as it is, for which `headers` say what it is; excludes `json`. */
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Until the whole answer is there. */
  readonly timeoutMs?: number;
}

interface StreamRequest extends HttpRequest {
  readonly signal: AbortSignal;
}

export interface PersistentRequest extends HttpRequest {
  /** How long to try; as the client's options say unless given. */
  readonly patienceMs?: number;
}

/** No server answered: nobody listens, the line broke, or something in between spoke up. */
export class NoAnswerError extends ChannelError<"unavailable"> {
  constructor(reason: string, cause?: unknown) {
    super("unavailable", { reason }, { cause });
  }
}

/** The server's routes over `fetch`. Every failure is a `ChannelError`, a `NoAnswerError` where no server answered. */
export class Http {
  readonly #url: string;
  readonly #tokens: TokenSource;
  readonly #system: System;
  readonly #patienceMs: number;

  constructor(url: string, tokens: TokenSource, system: System, patienceMs: number) {
    this.#url = url;
    this.#tokens = tokens;
    this.#system = system;
    this.#patienceMs = patienceMs;
  }

  /** Tries until it succeeds, is refused for good, or patience ends. What is tried must be harmless when repeated. */
  async persist(method: string, path: string, request: PersistentRequest = {}): Promise<unknown> {
    return await this.repeat(() => this.request(method, path, request), request);
  }

  /** As `persist`, with any attempt. */
  async repeat<Result>(
    attempt: () => Promise<Result>,
    { patienceMs = this.#patienceMs, signal }: Pick<PersistentRequest, "patienceMs" | "signal">,
  ): Promise<Result> {
    const { clock } = this.#system;
    const backOff = new BackOff(this.#system);
    const untilMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isChannelError(error) || !isRetryable(error)) throw error;
        const waitMs = backOff.nextDelayMs(lineRetryAfterMs(error));
        if (clock.monotonicMs() + waitMs > untilMs) throw error;
        await delay(this.#system, waitMs, signal);
      }
    }
  }

  /** The answer's JSON; undefined for an empty one. */
  async request(method: string, path: string, request: HttpRequest = {}): Promise<unknown> {
    const { controller, unfollow } = followSignal(request.signal);
    const { timeoutMs = requestTimeoutMs } = request;
    const { signal } = controller;
    const answer = this.stream(method, path, { ...request, signal }).then((it) => it.text());
    try {
      const text = await raceLimit(answer, controller, this.#system, timeoutMs);
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    } catch (error) {
      throw explain(error, signal);
    } finally {
      unfollow();
    }
  }

  /** A successful answer whose body has not been read. A token that has expired meanwhile is replaced once. */
  async stream(method: string, path: string, request: StreamRequest): Promise<Response> {
    const token = await this.#tokens.get();
    try {
      return await this.#fetch(method, path, request, token);
    } catch (error) {
      if (!isChannelError(error) || !isOfToken(error)) throw error;
      if (!this.#tokens.canRenew) throw error;
      this.#tokens.forget(token);
    }
    return await this.#fetch(method, path, request, await this.#tokens.get());
  }

  async #fetch(
    method: string,
    path: string,
    { query = {}, json, body, headers, signal }: StreamRequest,
    token: string,
  ): Promise<Response> {
    const address = new URL(this.#url + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) address.searchParams.set(name, String(value));
    const content = json === undefined ? body : JSON.stringify(json);
    const init: RequestInit = {
      method,
      // A redirect would carry the token to wherever it points.
      redirect: "error",
      headers: {
        ...(token !== "" && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: (content as string | Uint8Array<ArrayBuffer> | undefined) ?? null,
      signal,
    };
    let response: Response;
    try {
      response = await raceSignal(fetch(address, init), signal);
    } catch (error) {
      throw explain(error, signal);
    }
    if (response.ok) return response;
    throw await decodeRefusal(response);
  }
}

/** A refusal without a problem in it came from something in between: a proxy, or another kind of server. */
async function decodeRefusal(response: Response): Promise<ChannelError> {
  const problem: unknown = await response.json().catch(() => undefined);
  const reason = `HTTP status ${response.status}`;
  return decodeError(problem) ?? new NoAnswerError(reason);
}

function explain(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isChannelError(error)) return error;
  return new NoAnswerError("no answer", error);
}

const processesPath = "/v1/processes";

export function processPath(processId?: string, rest = ""): string {
  return processId === undefined
    ? processesPath
    : `${processesPath}/${encodeURIComponent(processId)}${rest}`;
}

export function channelPath(processId: string, channel: string, rest = ""): string {
  return processPath(processId, `/channels/${encodeURIComponent(channel)}${rest}`);
}
