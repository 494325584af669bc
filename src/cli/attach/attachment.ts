import type { ProcessView } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import { followSignal } from "../../client/abort.ts";
import type { Api } from "../api.ts";
import { explainFailure } from "../connection.ts";
import { CommandError, ExitCode } from "../exit-code.ts";
import { terminalChannel } from "../../protocol/terminal-entries.ts";
import { createAppender, sendStream } from "../input-stream.ts";
import { LineNotice } from "../line-notice.ts";
import { RawSink, tailChannel } from "../tail/tail-channel.ts";
import { say, type Terminal } from "../terminal.ts";
import { tellLeft, type AttachEnd } from "./attach-end.ts";

export interface AttachOptions {
  readonly outputs: readonly OutputName[];
  /** Where output begins: `start` or `last:<n>`. */
  readonly after: string;
  readonly copiesInput: boolean;
  /** Leaves: the program goes on. */
  readonly signal: AbortSignal;
}

/** What a program prints: into a terminal of its own, or into these. */
export type OutputName = typeof terminalChannel | "stdout" | "stderr";

/** Those of a process that are to be shown. */
export async function findOutputs(api: Api, id: string): Promise<readonly OutputName[]> {
  const readable = await api.ask((wire) => wire.process(id).channels());
  const names = new Set(readable.map(({ spec }) => spec.name));
  if (names.has(terminalChannel)) return [terminalChannel];
  const outputs = (["stdout", "stderr"] as const).filter((name) => names.has(name));
  if (outputs.length > 0) return outputs;
  throw new CommandError(
    `${id} has neither stdout nor stderr\nSee its channels with: jobwire inspect ${id}`,
    ExitCode.notFound,
  );
}

/**
 * Both outputs of a process show here, each where it belongs, and what is typed goes into its input. Goes on
 * by itself when the server comes back.
 */
export async function attach(
  api: Api,
  process: ProcessView,
  terminal: Terminal,
  { outputs, after, copiesInput, signal }: AttachOptions,
): Promise<AttachEnd> {
  const { id } = process;
  const { controller, unfollow } = followSignal(signal);
  const input = copiesInput ? startInput(api, process, terminal, controller.signal) : undefined;
  const notice = new LineNotice(terminal);
  try {
    const outcomes = await Promise.all(
      outputs.map((channel) => {
        const sink = new RawSink(channel === "stderr" ? terminal.stderr : terminal.stdout);
        return tailChannel(api, { processId: id, channel, after }, sink, {
          terminal,
          notice,
          signal: controller.signal,
        });
      }),
    );
    return { outcome: outcomes[0] };
  } catch (error) {
    if (!signal.aborted) throw error;
    tellLeft(terminal, id, input?.undeliveredBytes() ?? 0);
    return { isLeft: true };
  } finally {
    unfollow();
    // One channel that fails ends the reading of the other.
    controller.abort(new Error("detached"));
  }
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
