import type { ProcessView } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import type { Outcome } from "../../core/process-record.ts";
import { followSignal } from "../../client/abort.ts";
import type { Api } from "../api.ts";
import { explainFailure } from "../connection.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { createAppender, sendStream } from "../input-stream.ts";
import { LineNotice } from "../line-notice.ts";
import { RawSink, tailChannel } from "../tail/tail-channel.ts";
import { say, type Terminal } from "../terminal.ts";

export interface AttachOptions {
  /** Where output begins: `start` or `last:<n>`. */
  readonly after: string;
  readonly copiesInput: boolean;
  /** Leaves: the program goes on. */
  readonly signal: AbortSignal;
}

/** How it ended here: the person left, or the process ended. */
export type AttachEnd = { readonly isLeft: true } | { readonly outcome: Outcome | undefined };

/**
 * A terminal at a process: both of its outputs show here, each where it belongs, and what is typed goes
 * into its input. Goes on by itself when the server comes back.
 */
export async function attach(
  api: Api,
  process: ProcessView,
  terminal: Terminal,
  { after, copiesInput, signal }: AttachOptions,
): Promise<AttachEnd> {
  const { id } = process;
  const readable = await api.ask((wire) => wire.process(id).channels());
  const names = new Set(readable.map(({ spec }) => spec.name));
  const channels = (["stdout", "stderr"] as const).filter((name) => names.has(name));
  if (channels.length === 0) {
    throw new CommandError(
      `${id} has neither stdout nor stderr\nSee its channels with: jobwire inspect ${id}`,
      ExitCode.notFound,
    );
  }
  const { controller, unfollow } = followSignal(signal);
  const input = copiesInput ? startInput(api, process, terminal, controller.signal) : undefined;
  const notice = new LineNotice(terminal);
  try {
    const outcomes = await Promise.all(
      channels.map((channel) =>
        tailChannel(api, { processId: id, channel, after }, new RawSink(terminal[channel]), {
          terminal,
          notice,
          signal: controller.signal,
        }),
      ),
    );
    return { outcome: outcomes[0] };
  } catch (error) {
    if (signal.aborted) return leave(terminal, id, input?.undeliveredBytes() ?? 0);
    throw error;
  } finally {
    unfollow();
    // One channel that fails ends the reading of the other.
    controller.abort(new Error("detached"));
  }
}

function leave(terminal: Terminal, id: string, undeliveredBytes: number): AttachEnd {
  if (undeliveredBytes > 0)
    say(terminal, `${undeliveredBytes} bytes of input did not reach the server`);
  say(terminal, `left; the program goes on. Come back with: jobwire attach ${id}`);
  return { isLeft: true };
}

/** What is typed, with its end. A refusal is told; the output goes on. */
function startInput(
  api: Api,
  { id, state, channels }: ProcessView,
  terminal: Terminal,
  signal: AbortSignal,
): { undeliveredBytes(): number } | undefined {
  if (state === "closed" || !channels.some(({ name }) => name === "stdin")) return undefined;
  let undelivered = 0;
  const send = async (): Promise<void> => {
    const appender = createAppender(api.wire().process(id).channel("stdin"));
    await sendStream(appender, terminal.stdin, {
      onTaken: (bytes) => (undelivered += bytes),
      onAppended: (_position, bytes) => (undelivered -= bytes),
    });
    await appender.append({ type: "end" });
  };
  send().catch((error: unknown) => {
    // Too late for a process that has ended: its output says so.
    if (signal.aborted || isChannelError(error, "process_closed")) return;
    say(terminal, `input goes nowhere: ${explainFailure(error).message}`);
  });
  return { undeliveredBytes: () => undelivered };
}
