import { SignJWT } from "jose";
import { Broker } from "../src/core/broker/broker.ts";
import type { BrokerOptions } from "../src/core/broker/broker-options.ts";
import { systemClock } from "../src/core/system.ts";
import { AuditLog, createServer } from "../src/server/index.ts";
import type {
  AuditLine,
  Server,
  ServerLimits,
  ServerOptions,
  StoreBackup,
} from "../src/server/index.ts";
import { MemoryStore } from "../src/stores/memory/memory-store.ts";

export const secret = new TextEncoder().encode("a secret of tests, of 32 bytes or more");

/** A token of ten minutes, unless the claims say otherwise. */
export async function signToken(
  identity: string,
  claims: Record<string, unknown> = {},
  key: Uint8Array = secret,
): Promise<string> {
  return await new SignJWT({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(identity)
    .sign(key);
}

/** A real server on a real socket, over a memory store unless told. */
export class ServerWorld {
  readonly broker: Broker;
  readonly server: Server;
  readonly errors: unknown[];
  /** Lines of the audit log so far. */
  readonly audit: AuditLine[];

  readonly #auditLog: AuditLog;

  private constructor(
    broker: Broker,
    server: Server,
    errors: unknown[],
    audit: { readonly log: AuditLog; readonly lines: AuditLine[] },
  ) {
    this.broker = broker;
    this.server = server;
    this.errors = errors;
    this.audit = audit.lines;
    this.#auditLog = audit.log;
  }

  /** The next refusal is the first of its kind again. */
  forgetAudit(): void {
    this.#auditLog.close();
    this.audit.length = 0;
  }

  static async create(
    options: Omit<Partial<ServerOptions>, "limits"> &
      Partial<Pick<BrokerOptions, "limits" | "store">> & {
        readonly serverLimits?: Partial<ServerLimits>;
      } = {},
  ): Promise<ServerWorld> {
    const errors: unknown[] = [];
    const lines: AuditLine[] = [];
    const audit = new AuditLog((line) => lines.push(line), systemClock);
    const {
      store = new MemoryStore({ shared: false }),
      limits = {},
      serverLimits = {},
      ...rest
    } = options;
    const broker = new Broker({
      store,
      limits,
      onError: (error) => errors.push(error),
      onAudit: (event) => audit.note(event),
    });
    await broker.start();
    const keys = [{ kind: "hmac", secret }] as const;
    const backUp = async (): Promise<StoreBackup> => ({ files: 4, copiedBytes: 65_536 });
    const server = await createServer({
      ...{ broker, keys, audit, backUp, limits: serverLimits },
      ...rest,
    });
    return new ServerWorld(broker, server, errors, { log: audit, lines });
  }

  get url(): string {
    return this.server.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  readonly token = signToken;

  async request(
    identity: string,
    method: string,
    path: string,
    init: {
      json?: unknown;
      body?: string | Uint8Array<ArrayBuffer>;
      headers?: Record<string, string>;
      signal?: AbortSignal;
    } = {},
  ): Promise<Response> {
    const { json, body, headers, signal } = init;
    const content = json === undefined ? body : JSON.stringify(json);
    return await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(identity)}`,
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** A process `p` with channel `out`, submitted by `sub` and run by `exe`. */
  async createProcess(channel: Record<string, unknown> = {}): Promise<void> {
    const json = { id: "p", executorid: "exe", channels: [{ name: "out", ...channel }] };
    const response = await this.request("sub", "POST", "/v1/processes", { json });
    if (response.status !== 201) throw new Error(await response.text());
  }

  async append(payload: string | Uint8Array<ArrayBuffer>, query = ""): Promise<void> {
    const path = `/v1/processes/p/channels/out/entries${query}`;
    const response = await this.request("exe", "POST", path, { body: payload });
    if (!response.ok) throw new Error(await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Status and code of a refusal. */
export async function problemOf(response: Response): Promise<unknown[]> {
  const { code } = (await response.json()) as { code: string };
  return [response.status, code];
}
