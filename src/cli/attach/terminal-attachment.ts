import type { ProcessView } from "../../core/broker/views.ts";
import type { Outcome } from "../../core/process-record.ts";
import { pause } from "../../core/system.ts";
import type { Api } from "../api.ts";
import { exitCodeOfSignal } from "../exit-code.ts";
import type { EndSignal } from "../terminal/terminal-takeover.ts";
import { TerminalView } from "../terminal/terminal-view.ts";
import { say, type Terminal } from "../terminal.ts";
import { tellLeft, type AttachEnd } from "./attach-end.ts";
import type { DetachKey } from "./detach-key.ts";
import { ScreenFollower } from "../../client/terminal/screen-follower.ts";
import { TerminalInput } from "./terminal-input.ts";
import { ViewerAnnouncements } from "../../client/terminal/viewer-announcements.ts";

// For the keys that were typed last: a server that is there takes them at once.
const leavingMsMax = 500;

export interface TerminalAttachOptions {
  readonly copiesInput: boolean;
  readonly detachKey: DetachKey;
}

/** A terminal at the terminal of a program: what that shows is painted here, and keys go into it. */
export async function attachTerminal(
  api: Api,
  process: ProcessView,
  terminal: Terminal,
  options: TerminalAttachOptions,
): Promise<AttachEnd> {
  const view = await TerminalView.create(terminal, api.system.clock);
  const attachment = new TerminalAttachment(api, process, terminal, view, options);
  if (process.state !== "closed") say(terminal, hintOf(terminal, options));
  const end = await attachment.run();
  if ("outcome" in end) return end;
  tellLeft(terminal, process.id, end.undeliveredBytes);
  const { signal } = end;
  return { isLeft: true, ...(signal === undefined ? {} : { exitCode: exitCodeOfSignal(signal) }) };
}

function hintOf({ stdin }: Terminal, { detachKey, copiesInput }: TerminalAttachOptions): string {
  const isTyped = stdin.isTTY === true;
  const keys = [
    ...(isTyped && detachKey.byte !== undefined ? [detachKey.name] : []),
    ...(isTyped && copiesInput ? [] : ["Ctrl-C"]),
  ];
  if (keys.length === 0) return "every key goes into the program";
  return `${keys.join(" or ")} leaves, the program goes on`;
}

type TerminalEnd =
  | { readonly outcome: Outcome | undefined }
  | { readonly signal: EndSignal | undefined; readonly undeliveredBytes: number };

class TerminalAttachment {
  readonly #api: Api;
  readonly #process: ProcessView;
  readonly #view: TerminalView;
  readonly #input: TerminalInput;
  readonly #announcements: ViewerAnnouncements;
  readonly #ended = new AbortController();
  #signal: EndSignal | undefined;

  constructor(
    api: Api,
    process: ProcessView,
    { stdin }: Terminal,
    view: TerminalView,
    { copiesInput, detachKey }: TerminalAttachOptions,
  ) {
    this.#api = api;
    this.#process = process;
    this.#view = view;
    const wire = api.wire().process(process.id);
    const takesInput =
      copiesInput &&
      process.state !== "closed" &&
      process.channels.some(({ name }) => name === "stdin");
    const channel = takesInput ? wire.channel("stdin") : undefined;
    this.#announcements = new ViewerAnnouncements({
      control: wire.channel("control"),
      producerId: channel && (() => channel.producerId),
      system: api.system,
    });
    this.#input = new TerminalInput(stdin, {
      api,
      processId: process.id,
      channel,
      viewer: this.#announcements.viewer,
      detachKey,
      shown: () => view.shown,
      signal: this.#ended.signal,
      notes: view.notes,
      onLeave: () => this.#leave(undefined),
    });
  }

  async run(): Promise<TerminalEnd> {
    const view = this.#view;
    let keepsRows = false;
    view.enter({
      onSignal: (signal) => this.#leave(signal),
      onResize: () => this.#announce(),
    });
    const unlisten = this.#watchLine();
    try {
      this.#input.start();
      this.#announce();
      const outcome = await this.#follow();
      keepsRows = true;
      return { outcome };
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
      await this.#sayGoodbye();
      return { signal: this.#signal, undeliveredBytes: this.#input.undeliveredBytes };
    } finally {
      unlisten();
      this.#ended.abort(new Error("ended"));
      this.#announcements.stop();
      this.#input.stop();
      await view.leave({ keepsRows });
    }
  }

  #leave(signal: EndSignal | undefined): void {
    this.#signal = signal;
    this.#ended.abort(new Error("left"));
  }

  async #follow(): Promise<Outcome | undefined> {
    const { notes, player } = this.#view;
    const follower = new ScreenFollower(this.#api.wire(), this.#process.id, player, {
      signal: this.#ended.signal,
      onUncertain: () => notes.set("screen", "output is missing; waiting for the screen"),
      onCertain: () => {
        notes.clear("screen");
        // Whoever runs the program may have had to begin anew, and does not know of this terminal.
        this.#announce();
      },
    });
    return await follower.run();
  }

  #watchLine(): () => void {
    const { notes } = this.#view;
    return this.#api.wire().onState(({ kind }) => {
      if (kind === "waiting") notes.set("line", "lost the server; waiting for it to come back");
      if (kind === "live") notes.clear("line");
    });
  }

  #announce(): void {
    const { size } = this.#view;
    if (size !== undefined && this.#process.state !== "closed") this.#announcements.announce(size);
  }

  async #sayGoodbye(): Promise<void> {
    const { clock } = this.#api.system;
    const typed = Promise.race([this.#input.settled(), pause(clock, leavingMsMax)]);
    await Promise.all([this.#announcements.leave(), typed]);
  }
}
