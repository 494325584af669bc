import type { EntryInput } from "../core/entry.ts";
import type { ProcessView } from "../core/broker/views.ts";
import type { ChannelSpec, GrantOp, Outcome } from "../core/process-record.ts";
import {
  encodeOutcome,
  type JsonAck,
  type JsonChannel,
  type JsonChannelSpec,
  type JsonGrant,
  type JsonProcess,
} from "../protocol/index.ts";
import { decodeProcess } from "../protocol/process-form.ts";
import type { Api } from "./api.ts";

const processesPath = "/v1/processes";
// Beyond it a list is for programs that page through it themselves.
const listedProcessesMax = 10_000;
const pageProcesses = 200;

function processPath(processId: string, rest = ""): string {
  return `${processesPath}/${encodeURIComponent(processId)}${rest}`;
}

export interface NewProcess {
  readonly id: string;
  readonly label: string;
  readonly channels: readonly ChannelSpec[];
  /** Has the role from the beginning, so that a process without a program is given up by itself. */
  readonly executorId: string;
  readonly leaseMs: number;
}

/** Harmless when repeated: the id is the caller's. */
export async function createProcess(
  api: Api,
  spec: NewProcess,
  signal?: AbortSignal,
): Promise<JsonProcess> {
  const { id, label, channels, executorId, leaseMs } = spec;
  const json = {
    id,
    ...(label === "" ? {} : { label }),
    channels: channels.map(encodeSpec),
    executorid: executorId,
    leasems: leaseMs,
  };
  return (await api.request("POST", processesPath, { json, signal })) as JsonProcess;
}

function encodeSpec({
  name,
  maxLogEntries,
  maxLogBytes,
  whenFull,
  writers,
}: ChannelSpec): JsonChannelSpec {
  return {
    name,
    ...(maxLogEntries === undefined ? {} : { maxlogentries: maxLogEntries }),
    ...(maxLogBytes === undefined ? {} : { maxlogbytes: maxLogBytes }),
    ...(whenFull === undefined ? {} : { whenfull: whenFull }),
    ...(writers === undefined ? {} : { writers }),
  };
}

export async function getProcess(api: Api, processId: string): Promise<JsonProcess> {
  return (await api.request("GET", processPath(processId))) as JsonProcess;
}

/** All that the caller may see, page by page, up to a bound. */
export async function listProcesses(
  api: Api,
  filter: { readonly label?: string } = {},
): Promise<JsonProcess[]> {
  const processes: JsonProcess[] = [];
  let after: string | undefined;
  do {
    const query = { ...filter, after, limit: pageProcesses };
    const page = (await api.request("GET", processesPath, { query })) as {
      readonly processes: readonly JsonProcess[];
      readonly next?: string;
    };
    processes.push(...page.processes);
    after = page.next;
  } while (after !== undefined && processes.length < listedProcessesMax);
  return processes;
}

export async function renewLease(
  api: Api,
  processId: string,
  term: number,
  signal?: AbortSignal,
): Promise<ProcessView> {
  const path = processPath(processId, "/lease");
  const answer = await api.request("POST", path, { query: { term }, signal });
  return decodeProcess(answer as JsonProcess);
}

export async function requestCancel(
  api: Api,
  processId: string,
  signal?: AbortSignal,
): Promise<JsonProcess> {
  const path = processPath(processId, "/cancel");
  return (await api.request("POST", path, { signal })) as JsonProcess;
}

/** Harmless when repeated with the same outcome. */
export async function closeProcess(
  api: Api,
  processId: string,
  outcome: Outcome,
  term?: number,
  signal?: AbortSignal,
): Promise<void> {
  await api.request("POST", processPath(processId, "/close"), {
    query: { term },
    json: { outcome: encodeOutcome(outcome) },
    signal,
  });
}

export async function deleteProcess(api: Api, processId: string): Promise<void> {
  await api.request("DELETE", processPath(processId));
}

export async function listChannels(api: Api, processId: string): Promise<readonly JsonChannel[]> {
  const answer = await api.request("GET", processPath(processId, "/channels"));
  return (answer as { readonly channels: readonly JsonChannel[] }).channels;
}

export interface NewGrant {
  readonly ops: readonly GrantOp[];
  /** All unless given. */
  readonly channels?: readonly string[];
  readonly expiresInMs: number;
}

/** `grant` of the answer is what its holder presents; nobody is told it again. */
export async function createGrant(
  api: Api,
  processId: string,
  { ops, channels, expiresInMs }: NewGrant,
): Promise<JsonGrant & { readonly grant: string }> {
  const expiresin = Math.ceil(expiresInMs / 1000);
  const json = { ops, ...(channels === undefined ? {} : { channels }), expiresin };
  const answer = await api.request("POST", processPath(processId, "/grants"), { json });
  return answer as JsonGrant & { readonly grant: string };
}

export async function listGrants(api: Api, processId: string): Promise<readonly JsonGrant[]> {
  const answer = await api.request("GET", processPath(processId, "/grants"));
  return (answer as { readonly grants: readonly JsonGrant[] }).grants;
}

export async function revokeGrant(api: Api, processId: string, grantId: string): Promise<void> {
  await api.request("DELETE", processPath(processId, `/grants/${encodeURIComponent(grantId)}`));
}

export interface AppendOptions extends Omit<EntryInput, "payload"> {
  readonly payload?: Uint8Array | undefined;
  readonly producer?: string;
  readonly term?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the entry's position. */
export async function appendEntry(
  api: Api,
  processId: string,
  channel: string,
  options: AppendOptions,
): Promise<number> {
  const { payload, producer, sequence, inReplyTo, replyTo, type, error, term, signal } = options;
  const path = processPath(processId, `/channels/${encodeURIComponent(channel)}/entries`);
  const query = { producer, sequence, inreplyto: inReplyTo, replyto: replyTo, type, error, term };
  const ack = (await api.request("POST", path, {
    query,
    headers: { "content-type": "application/octet-stream" },
    body: payload ?? new Uint8Array(0),
    signal,
  })) as JsonAck;
  return ack.entries[0]?.position ?? 0;
}
