import type { Api } from "../../src/cli/api.ts";
import type { ChannelError } from "../../src/core/errors.ts";
import { isChannelError } from "../../src/core/errors.ts";
import { decodeCursor } from "../../src/protocol/index.ts";
import type { JsonEntry, JsonProcess, JsonRead } from "../../src/protocol/index.ts";
import { readServerEvents } from "./server-events.ts";
import type { StoreServer } from "./store-server.ts";

const channel = "out";
const producer = "test";

/** One client of a server in another program, which numbers its appends and knows what was acknowledged. */
export class StoreClient {
  readonly #api: Api;

  private constructor(api: Api) {
    this.#api = api;
  }

  static async connect(server: StoreServer): Promise<StoreClient> {
    return new StoreClient(await server.api("sub"));
  }

  async create(id: string): Promise<void> {
    const json = { id, executorid: "exe", channels: [{ name: channel }] };
    await this.#api.request("POST", "/v1/processes", { json });
  }

  async get(id: string): Promise<JsonProcess> {
    return (await this.#api.request("GET", `/v1/processes/${id}`)) as JsonProcess;
  }

  async assign(id: string, executorid: string): Promise<void> {
    await this.#api.request("PUT", `/v1/processes/${id}/executor`, { json: { executorid } });
  }

  async cancel(id: string): Promise<void> {
    await this.#api.request("POST", `/v1/processes/${id}/cancel`);
  }

  async close(id: string): Promise<void> {
    const json = { outcome: { status: "success", exitcode: 7 } };
    await this.#api.request("POST", `/v1/processes/${id}/close`, { json });
  }

  async delete(id: string): Promise<void> {
    await this.#api.request("DELETE", `/v1/processes/${id}`);
  }

  async append(id: string, sequence: number, payload: string): Promise<void> {
    const query = { producer, sequence };
    await this.#api.request("POST", entriesPath(id), { query, body: Buffer.from(payload) });
  }

  /** Payloads of all that there is now. */
  async read(id: string): Promise<string[]> {
    const payloads: string[] = [];
    for (let after: string | undefined; ;) {
      const query = { after, limit: 1_000 };
      const page = (await this.#api.request("GET", entriesPath(id), { query })) as JsonRead;
      payloads.push(...page.entries.map(payloadOf));
      after = page.cursor;
      if (decodeCursor(after).position === page.last) return payloads;
    }
  }

  /** Payloads of one stream, once the process has ended. */
  async follow(id: string): Promise<string[]> {
    const payloads: string[] = [];
    for await (const events of readServerEvents(this.#api, entriesPath(id)))
      for (const { event, data } of events)
        if (event === "message") payloads.push(payloadOf(JSON.parse(data) as JsonEntry));
    return payloads;
  }
}

/** What it is refused with; undefined if it is done. */
export async function refusalOf(work: Promise<unknown>): Promise<ChannelError["code"] | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isChannelError(error)) return error.code;
    throw error;
  }
}

function entriesPath(id: string): string {
  return `/v1/processes/${id}/channels/${channel}/entries`;
}

function payloadOf({ payload }: JsonEntry): string {
  return Buffer.from(payload, "base64").toString();
}
