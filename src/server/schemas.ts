import { Type } from "typebox";

const Integer = Type.Integer({
  minimum: -Number.MAX_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
});
const strict = { additionalProperties: false } as const;

export const ChannelSpecSchema = Type.Object(
  {
    name: Type.String(),
    maxlogentries: Type.Optional(Integer),
    maxlogbytes: Type.Optional(Integer),
    whenfull: Type.Optional(Type.Union([Type.Literal("refuse"), Type.Literal("trim")])),
    writers: Type.Optional(
      Type.Union([Type.Literal("both"), Type.Literal("submitter"), Type.Literal("executor")]),
    ),
  },
  strict,
);

export const CreateBody = Type.Object(
  {
    id: Type.Optional(Type.String()),
    label: Type.Optional(Type.String()),
    submitterid: Type.Optional(Type.String()),
    executorid: Type.Optional(Type.String()),
    executors: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
    channels: Type.Array(ChannelSpecSchema, { maxItems: 10_000 }),
    leasems: Type.Optional(Integer),
  },
  strict,
);

export const AssignBody = Type.Object(
  { executorid: Type.String(), leasems: Type.Optional(Integer) },
  strict,
);

export const LeaseBody = Type.Optional(Type.Object({ term: Type.Optional(Integer) }, strict));

export const CloseBody = Type.Object(
  {
    outcome: Type.Object(
      {
        status: Type.Union([
          Type.Literal("success"),
          Type.Literal("failed"),
          Type.Literal("cancelled"),
        ]),
        error: Type.Optional(Type.String()),
        exitcode: Type.Optional(Integer),
        signal: Type.Optional(Type.String()),
      },
      strict,
    ),
    term: Type.Optional(Integer),
  },
  strict,
);

export const BatchBody = Type.Object(
  {
    producer: Type.Optional(Type.String()),
    term: Type.Optional(Integer),
    entries: Type.Array(
      Type.Object(
        {
          sequence: Type.Optional(Integer),
          inreplyto: Type.Optional(Integer),
          replyto: Type.Optional(Integer),
          payload: Type.Optional(Type.String()),
          type: Type.Optional(Type.String()),
          error: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
  },
  strict,
);

const text = Type.Optional(Type.String());

export const ListQuery = Type.Object(
  { after: text, limit: text, state: text, label: text },
  strict,
);
export const AppendQuery = Type.Object(
  {
    sequence: text,
    inreplyto: text,
    replyto: text,
    producer: text,
    type: text,
    error: text,
    term: text,
  },
  strict,
);
export const ReadQuery = Type.Object(
  { after: text, limit: text, wait: text, format: text },
  strict,
);
export const ProcessParams = Type.Object({ process: Type.String() });
export const ChannelParams = Type.Object({ process: Type.String(), channel: Type.String() });
