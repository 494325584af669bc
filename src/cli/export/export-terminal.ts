import type { ChannelView } from "../../core/broker/views.ts";
import { terminalChannel } from "../../protocol/terminal-entries.ts";
import type { Api } from "../api.ts";
import { decodeCursor } from "../../protocol/index.ts";
import { readChannel, type ChannelItem } from "../../client/channel-reader.ts";
import { noticeOf } from "../tail/tail-channel.ts";
import { defaultTerminalSize } from "../terminal/terminal-output.ts";
import { say, type Terminal } from "../terminal.ts";
import { Asciicast } from "./asciicast.ts";

export interface RecordingOutput {
  write(text: string): Promise<void>;
}

/** Writes what a terminal's channel holds by now as a recording. What is missing is told beside it. */
export async function exportTerminal(
  api: Api,
  processId: string,
  output: RecordingOutput,
  terminal: Pick<Terminal, "stderr">,
): Promise<void> {
  const cast = new Asciicast(defaultTerminalSize);
  for await (const items of readUntilNow(api, processId)) {
    let text = "";
    for (const item of items) {
      if (item.kind === "entry") text += cast.add(item.entry);
      if (item.kind === "gap") cast.addGap();
      const notice = noticeOf(item);
      if (notice !== undefined) say(terminal, notice);
    }
    if (text !== "") await output.write(text);
  }
  await output.write(cast.end());
}

/** A process that goes on writes more: the end is what was there at the beginning. */
async function* readUntilNow(
  api: Api,
  processId: string,
): AsyncGenerator<readonly ChannelItem[], void, undefined> {
  const { last, epoch }: ChannelView = await api.ask((wire) =>
    wire.process(processId).channel(terminalChannel).get(),
  );
  if (last === 0) return;
  for await (const items of readChannel(api.wire(), processId, terminalChannel, {
    after: "start",
  })) {
    const end = items.findIndex((item) => isAtEnd(item, last, epoch));
    yield end < 0 ? items : items.slice(0, end + 1);
    if (end >= 0) return;
  }
}

/** Another epoch has other positions: of what was there nothing is left to come. */
function isAtEnd(item: ChannelItem, last: number, epoch: string): boolean {
  if (item.kind === "end") return true;
  const cursor = decodeCursor(item.cursor);
  return cursor.epoch !== epoch || cursor.position >= last;
}
