import type { ProcessView } from "../../core/broker/views.ts";
import type { ChannelEntry } from "../../client/index.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { terminalChannel } from "../../protocol/terminal-entries.ts";
import type { Api } from "../api.ts";
import { readChannel } from "../../client/channel-reader.ts";
import { noticeOf } from "../tail/tail-channel.ts";
import { requireTerminalChannel } from "../terminal/terminal-process.ts";
import { TerminalView } from "../terminal/terminal-view.ts";
import { canPaint, say, TerminalOutput, type Terminal } from "../terminal.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { readReplayKeys, type ReplayCommand } from "./replay-keys.ts";

const skipMs = 5_000;

/** Where a recording is shown. */
interface Stage {
  show(entry: ChannelEntry): Promise<void>;
  /** Something beside what was recorded. */
  tell(notice: string): void;
}

/** Shows what a program wrote to its terminal at the pace at which it did, to the end of the process. */
export async function replay(
  api: Api,
  process: ProcessView,
  terminal: Terminal,
  options: PaceOptions,
): Promise<ExitCode> {
  requireTerminalChannel(process);
  const pace = new Pace(api.system.clock, options);
  if (canPaint(terminal)) return await replayPainted(api, process, terminal, pace);
  const output = new TerminalOutput(terminal.stdout);
  const stage: Stage = {
    show: async ({ type, payload }) => {
      if (type === "data") await output.write(payload);
    },
    tell: (notice) => say(terminal, notice),
  };
  await play(api, process.id, stage, { pace, signal: new AbortController().signal });
  return ExitCode.ok;
}

async function replayPainted(
  api: Api,
  process: ProcessView,
  terminal: Terminal,
  pace: Pace,
): Promise<ExitCode> {
  const view = await TerminalView.create(terminal, api.system.clock);
  const left = new AbortController();
  let exitCode: ExitCode = ExitCode.ok;
  const { stdin } = terminal;
  const leave = (): void => left.abort(new Error("left"));
  const typed = (chunk: Buffer): void => {
    for (const command of readReplayKeys(chunk.toString("latin1")))
      if (command === "leave") leave();
      else steer(pace, command, view);
  };
  say(terminal, "space stops and goes on, + and - change the speed, right skips 5 s, q leaves");
  view.enter({
    onSignal: (signal) => {
      exitCode = exitCodeOfSignal(signal);
      leave();
    },
  });
  if (stdin.isTTY === true) stdin.on("data", typed);
  const stage: Stage = {
    show: async (entry) => await view.player.play([entry]),
    tell: (notice) => view.notes.pass("screen", notice),
  };
  try {
    await play(api, process.id, stage, { pace, signal: left.signal });
  } catch (error) {
    if (!left.signal.aborted) throw error;
  } finally {
    stdin.off("data", typed);
    stdin.pause();
    await view.leave({ keepsRows: true });
  }
  return exitCode;
}

function steer(pace: Pace, command: ReplayCommand, { notes }: TerminalView): void {
  if (command === "pause") pace.togglePause();
  if (command === "faster") pace.setSpeed(pace.speed * 2);
  if (command === "slower") pace.setSpeed(pace.speed / 2);
  if (command === "skip") pace.skip(skipMs);
  const place = `${(pace.headMs / 1000).toFixed(1)} s, speed ${pace.speed}`;
  if (pace.isPaused) notes.set("input", `stopped at ${place}; space goes on`);
  else notes.pass("input", place);
}

async function play(
  api: Api,
  processId: string,
  stage: Stage,
  { pace, signal }: { readonly pace: Pace; readonly signal: AbortSignal },
): Promise<void> {
  const options = { after: "start", signal, waitsForProcess: true };
  for await (const items of readChannel(api.wire(), processId, terminalChannel, options)) {
    for (const item of items) {
      if (item.kind === "entry") {
        await pace.reach(item.entry.timestamp, signal);
        await stage.show(item.entry);
      }
      const notice = noticeOf(item);
      if (notice !== undefined) stage.tell(notice);
    }
  }
}
