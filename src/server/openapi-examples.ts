/** One call of an operation as it may be sent, and its answer. */
interface Example {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
  readonly answer?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  example?: unknown;
}

interface MediaType {
  example?: unknown;
}

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, MediaType>> }>
  >;
}

const epoch = "k3f9x2m4p7q1";
const time = "2026-11-24T12:00:00.000Z";
const tomorrow = "2026-11-25T12:00:00.000Z";

const inPath: Readonly<Record<string, string>> = {
  process: "demo",
  channel: "chat",
  grant: "q7w2e9r4t1y6",
};

const spec = {
  name: "chat",
  maxlogentries: 1_000_000,
  maxlogbytes: 1_073_741_824,
  whenfull: "refuse",
  writers: "both",
};

const demo = {
  id: "demo",
  label: "a demonstration",
  submitterid: "ada",
  executorid: "model",
  channels: [spec],
  state: "running",
  epoch,
  term: 1,
  createdat: time,
  startedat: time,
  revision: "1",
};

const entry = {
  position: 1,
  sequence: 1,
  timestamp: time,
  senderid: "model",
  producer: "tab-1",
  payload: "SGVsbG8=",
  type: "data",
};

const channel = { spec, epoch, first: 1, last: 1, bytes: 69 };
const grant = {
  id: "q7w2e9r4t1y6",
  ops: ["read"],
  expiresat: tomorrow,
  createdat: time,
  createdby: "ada",
};
const cursorAt = (position: number): string => `${epoch}.${position}`;
const closed = {
  ...demo,
  state: "closed",
  closedat: time,
  expiresat: tomorrow,
  outcome: { status: "success" },
  lastpositions: { chat: 1 },
};

/** By operation; a test sends each of them as the document shows it. */
const examples: Readonly<Record<string, Example>> = {
  getHealth: { status: 200, answer: { status: "ok" } },
  getReadiness: { status: 200, answer: { status: "ready" } },
  createProcess: {
    body: {
      id: "demo",
      label: "a demonstration",
      executorid: "model",
      channels: [{ name: "chat" }],
    },
    status: 200,
    answer: demo,
  },
  listProcesses: { query: { state: "running" }, status: 200, answer: { processes: [demo] } },
  getProcess: { status: 200, answer: demo },
  assignExecutor: {
    body: { executorid: "model-2", leasems: 60_000 },
    status: 200,
    answer: { ...demo, executorid: "model-2", term: 2, leasems: 60_000 },
  },
  renewLease: { query: { term: "1" }, status: 200, answer: demo },
  requestCancel: {
    status: 200,
    answer: { ...demo, cancelrequest: { by: "ada", at: time } },
  },
  closeProcess: {
    query: { term: "1" },
    body: { outcome: { status: "success" } },
    status: 200,
    answer: closed,
  },
  deleteProcess: { status: 204 },
  createGrant: {
    body: { ops: ["read"], expiresin: 86_400 },
    status: 201,
    answer: { ...grant, grant: "grant.q7w2e9r4t1y6.….demo" },
  },
  listGrants: { status: 200, answer: { grants: [grant] } },
  revokeGrant: { status: 204 },
  listChannels: { status: 200, answer: { channels: [channel] } },
  getChannel: { status: 200, answer: channel },
  readEntries: {
    query: { after: "start", limit: "10" },
    status: 200,
    answer: { entries: [entry], cursor: cursorAt(1), last: 1 },
  },
  appendBatch: {
    body: { producer: "tab-1", entries: [{ sequence: 2, payload: "SGk=" }] },
    status: 201,
    answer: { entries: [{ position: 2, sequence: 2 }], cursor: cursorAt(2) },
  },
  appendPayload: {
    query: { producer: "tab-1", sequence: "2" },
    body: "What is 2 + 2?",
    status: 201,
    answer: { entries: [{ position: 2, sequence: 2 }], cursor: cursorAt(2) },
  },
  createStoreBackup: {
    body: { directory: "/var/backups/jobwire" },
    status: 201,
    answer: { directory: "/var/backups/jobwire", files: 4, copiedbytes: 65_536 },
  },
  createSignInCode: { status: 201, answer: { code: "…", expiresat: time } },
  signIn: {
    body: { code: "…" },
    status: 200,
    answer: { token: "…", identity: "ada", expiresat: tomorrow },
  },
};

/** Adds to each operation what is known of it. */
export function addExamples<Document extends { paths?: unknown }>(document: Document): Document {
  const paths = (document.paths ?? {}) as Readonly<Record<string, Record<string, Operation>>>;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const example = examples[operation.operationId ?? ""];
    if (example !== undefined) addExample(operation, example);
  }
  return document;
}

function addExample(
  { parameters = [], requestBody, responses = {} }: Operation,
  { query = {}, body, status, answer }: Example,
): void {
  for (const parameter of parameters) {
    const known = parameter.in === "path" ? inPath : query;
    if (known[parameter.name] !== undefined) parameter.example = known[parameter.name];
  }
  const content = Object.values(requestBody?.content ?? {});
  for (const mediaType of content) mediaType.example = body;
  const form = responses[status]?.content?.["application/json"];
  if (form !== undefined) form.example = answer;
}
