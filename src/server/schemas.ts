import { Type } from "typebox";
import type { TProperties } from "typebox";

// Schemas of requests decide what is taken; their texts are the documentation that is served.

const strict = { additionalProperties: false } as const;

function describe<Options extends object>(
  description: string,
  options?: Options,
): Options & { readonly description: string } {
  return { description, ...options } as Options & { readonly description: string };
}

const Integer = (description: string) =>
  Type.Integer({
    description,
    minimum: -Number.MAX_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
  });

const Ops = Type.Array(
  Type.Union([Type.Literal("read"), Type.Literal("append"), Type.Literal("cancel")]),
  describe("What it permits.", { minItems: 1, maxItems: 3 }),
);

/** A query; `grant` may stand in any, for those who cannot set a header. */
function Query<Properties extends TProperties>(properties: Properties) {
  return Type.Object({ ...properties, grant: text("A grant, in place of a token.") }, strict);
}

const text = (description: string) => Type.Optional(Type.String({ description }));

export const ChannelSpecBody = Type.Object(
  {
    name: Type.String(describe("1 to 64 of A-Z a-z 0-9 . _ ~ -")),
    maxlogentries: Type.Optional(Integer("Most entries that are kept.")),
    maxlogbytes: Type.Optional(Integer("Most bytes that are kept.")),
    whenfull: Type.Optional(
      Type.Union(
        [Type.Literal("refuse"), Type.Literal("trim")],
        describe("Whether a full channel refuses entries or drops its oldest."),
      ),
    ),
    writers: Type.Optional(
      Type.Union(
        [Type.Literal("both"), Type.Literal("submitter"), Type.Literal("executor")],
        describe("Who may append."),
      ),
    ),
  },
  strict,
);

export const CreateBody = Type.Object(
  {
    id: text("1 to 128 of A-Z a-z 0-9 . _ ~ -; left out, a random one."),
    label: text("A name for people."),
    submitterid: text("Left out: the caller. Another one needs admin."),
    executorid: text("Given: it starts running, with this executor."),
    executors: Type.Optional(
      Type.Array(
        Type.String(),
        describe("Who may take the role while it waits.", { maxItems: 100 }),
      ),
    ),
    channels: Type.Array(ChannelSpecBody, { maxItems: 10_000 }),
    leasems: Type.Optional(Integer("Silence of the executor after which it is lost.")),
  },
  strict,
);

export const AssignBody = Type.Object(
  {
    executorid: Type.String(describe("The new executor.")),
    leasems: Type.Optional(Integer("Silence after which it is lost.")),
  },
  strict,
);

const OutcomeBody = Type.Object(
  {
    status: Type.Union([
      Type.Literal("success"),
      Type.Literal("failed"),
      Type.Literal("cancelled"),
    ]),
    error: text("What went wrong, of a failed one."),
    exitcode: Type.Optional(Integer("Exit code of a program.")),
    signal: text("Signal that ended a program."),
  },
  strict,
);

export const CloseBody = Type.Object({ outcome: OutcomeBody }, strict);

export const BatchBody = Type.Object(
  {
    producer: text("Random id of this writing instance."),
    entries: Type.Array(
      Type.Object(
        {
          sequence: Type.Optional(Integer("Number that the producer gives it, from 1.")),
          inreplyto: Type.Optional(Integer("Sequence of the entry that it answers.")),
          replyto: Type.Optional(Integer("Position of the entry that it answers.")),
          payload: text("Base64."),
          type: text("data, end, error, or <area>.<name>."),
          error: text("Of an entry of type error."),
        },
        strict,
      ),
    ),
  },
  strict,
);

export const GrantBody = Type.Object(
  {
    ops: Ops,
    channels: Type.Optional(
      Type.Array(Type.String(), describe("Left out: all.", { minItems: 1, maxItems: 1_000 })),
    ),
    expiresin: Type.Optional(
      Type.Integer(
        describe("Seconds from now; a day unless given.", { minimum: 1, maximum: 31_622_400 }),
      ),
    ),
  },
  strict,
);

export const SignInBody = Type.Object({ code: Type.String({ maxLength: 128 }) }, strict);

export const BackupBody = Type.Object(
  {
    directory: Type.String(
      describe("Absolute path on the server's machine, of a directory that is new or empty.", {
        maxLength: 4_096,
      }),
    ),
  },
  strict,
);

const term = text("Term of the assign under which the executor acts.");

export const TermQuery = Query({ term });
export const NoQuery = Query({});
export const ListQuery = Query({
  after: text("Id after which the page begins."),
  limit: text("1 to 500; 100 unless given."),
  state: text("waiting, running or closed."),
  label: text("Only those of this name."),
});
export const AppendQuery = Query({
  sequence: text("Number that the producer gives the entry, from 1."),
  inreplyto: text("Sequence of the entry that it answers."),
  replyto: text("Position of the entry that it answers."),
  producer: text("Random id of this writing instance."),
  type: text("data (unless given), end, error, or <area>.<name>."),
  error: text("Of an entry of type error."),
  term,
});
export const ReadQuery = Query({
  after: text("A cursor, a position, start (unless given), now, or last:<n>."),
  limit: text("Most entries of the answer, 1 to 1,000."),
  wait: text("Seconds to wait for an entry, up to 60."),
  format: text("Of events: json (unless given) or text."),
});
export const SeveralQuery = Query({
  channels: text("Names with commas between, up to 16; left out, all that the caller may read."),
  after: text("start (unless given), now, last:<n>, or an event's id."),
});

const processId = Type.String(describe("Id of the process."));
const channelName = Type.String(describe("Name of the channel."));

export const ProcessParams = Type.Object({ process: processId });
export const ChannelParams = Type.Object({ process: processId, channel: channelName });
export const GrantParams = Type.Object({
  process: processId,
  grant: Type.String(describe("Id of the grant.")),
});
