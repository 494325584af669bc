import { Type } from "typebox";
import type { TProperties } from "typebox";

// What answers look like: for the document that is served, and checked against real answers by its test.

const Answer = <Properties extends TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });
const Time = Type.String({ format: "date-time" });
const Position = Type.Integer({ minimum: 0 });
const Cursor = Type.String({ description: "Where to read on; store it whole." });

const Outcome = Type.Object(
  {
    status: Type.Union([
      Type.Literal("success"),
      Type.Literal("failed"),
      Type.Literal("cancelled"),
    ]),
    error: Type.Optional(Type.String()),
    exitcode: Type.Optional(Type.Integer()),
    signal: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

const ChannelSpec = Type.Object(
  {
    name: Type.String(),
    maxlogentries: Type.Optional(Type.Integer()),
    maxlogbytes: Type.Optional(Type.Integer()),
    whenfull: Type.Union([Type.Literal("refuse"), Type.Literal("trim")]),
    writers: Type.Union([
      Type.Literal("both"),
      Type.Literal("submitter"),
      Type.Literal("executor"),
    ]),
  },
  { additionalProperties: false },
);

const Process = Type.Object(
  {
    id: Type.String(),
    label: Type.Optional(Type.String()),
    submitterid: Type.String(),
    executorid: Type.Optional(Type.String()),
    executors: Type.Optional(Type.Array(Type.String())),
    channels: Type.Array(ChannelSpec),
    state: Type.Union([Type.Literal("waiting"), Type.Literal("running"), Type.Literal("closed")]),
    epoch: Type.String(),
    term: Type.Integer({ minimum: 0 }),
    createdat: Time,
    startedat: Type.Optional(Time),
    closedat: Type.Optional(Time),
    expiresat: Type.Optional(Time),
    cancelrequest: Type.Optional(
      Type.Object({ by: Type.String(), at: Time }, { additionalProperties: false }),
    ),
    outcome: Type.Optional(Outcome),
    leasems: Type.Optional(Type.Integer()),
    lastpositions: Type.Optional(Type.Record(Type.String(), Position)),
    revision: Type.String(),
  },
  { additionalProperties: false, description: "The process." },
);

const Entry = Type.Object(
  {
    position: Position,
    sequence: Type.Integer(),
    inreplyto: Type.Optional(Type.Integer()),
    replyto: Type.Optional(Type.Integer()),
    timestamp: Time,
    senderid: Type.String(),
    producer: Type.Optional(Type.String()),
    payload: Type.String({ description: "Base64." }),
    type: Type.String(),
    error: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

const Gap = Type.Object(
  {
    reason: Type.Union([
      Type.Literal("trimmed"),
      Type.Literal("epoch"),
      Type.Literal("ahead"),
      Type.Literal("damaged"),
    ]),
    first: Position,
    cursor: Cursor,
  },
  { additionalProperties: false },
);

const Channel = Type.Object(
  {
    spec: ChannelSpec,
    epoch: Type.String(),
    first: Position,
    last: Position,
    bytes: Type.Integer({ minimum: 0 }),
    outcome: Type.Optional(Outcome),
  },
  { additionalProperties: false, description: "The channel." },
);

const Ops = Type.Array(
  Type.Union([Type.Literal("read"), Type.Literal("append"), Type.Literal("cancel")]),
);

const grantFields = {
  id: Type.String(),
  ops: Ops,
  channels: Type.Optional(Type.Array(Type.String())),
  expiresat: Time,
  createdat: Time,
  createdby: Type.String(),
};

export const ProcessAnswer = Process;
export const ProcessesAnswer = Answer(
  { processes: Type.Array(Process), next: Type.Optional(Type.String()) },
  "A page; `next` is the `after` of the following one.",
);
export const ChannelAnswer = Channel;
export const ChannelsAnswer = Answer({ channels: Type.Array(Channel) }, "The channels.");
export const AckAnswer = Answer(
  {
    entries: Type.Array(
      Type.Object(
        {
          position: Position,
          sequence: Type.Integer(),
          duplicate: Type.Optional(Type.Boolean()),
          compared: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
    ),
    cursor: Cursor,
  },
  "The entries are as durable as the store promises.",
);
export const ReadAnswer = Answer(
  {
    gap: Type.Optional(Gap),
    entries: Type.Array(Entry),
    cursor: Cursor,
    last: Position,
    outcome: Type.Optional(Outcome),
  },
  "The entries after the place that was asked for.",
);
export const GrantAnswer = Answer(
  { ...grantFields, grant: Type.String({ description: "To be presented; told only now." }) },
  "The grant.",
);
export const GrantsAnswer = Answer(
  { grants: Type.Array(Type.Object(grantFields, { additionalProperties: false })) },
  "Those that have not expired.",
);
export const CodeAnswer = Answer(
  { code: Type.String(), expiresat: Time },
  "Counts once, for a few minutes.",
);
export const SignInAnswer = Answer(
  { token: Type.String(), identity: Type.String(), expiresat: Time },
  "A token with the rights of whoever made the code.",
);
export const BackupAnswer = Answer(
  {
    directory: Type.String(),
    files: Type.Integer({ minimum: 0 }),
    copiedbytes: Type.Integer({ minimum: 0 }),
  },
  "The copy, which is whole.",
);
export const StatusAnswer = Answer({ status: Type.String() }, "How it is.");
export const NothingAnswer = Type.Null({ description: "Done." });

export const ProblemAnswer = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    retryable: Type.Boolean(),
    details: Type.Record(Type.String(), Type.Unknown()),
    requestid: Type.Optional(Type.String()),
  },
  { additionalProperties: false, description: "A refusal (RFC 9457)." },
);
