import { refusal, requireAcceptable } from "../../core/batch-acceptance.ts";
import { ChannelError } from "../../core/errors.ts";
import type { ChannelHead } from "../../core/channel-head.ts";
import { StoreRejection } from "../../core/store.ts";
import type { Batch, Revision } from "../../core/store.ts";
import type { ChannelLogs } from "./channel-logs.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { LogView } from "./log-view.ts";
import { decodeMessageOf, encodeChannelMessage, headBytes } from "./message-codec.ts";
import type { ChannelMessage } from "./message-codec.ts";
import type { OpenLog } from "./open-log.ts";
import { publishSettled } from "./settled-publish.ts";
import type { WriteState } from "./settled-publish.ts";
import type { WrittenMessage } from "./stream-sizes.ts";

/** A head that is larger is not part of every batch, … */
const headBytesMax = 1024;
/** … which is so for certain with more producers than that: it need not be encoded to know. */
const headProducersMax = 64;
/** Batches without a head after which it is written as a message of its own. */
const batchesPerHead = 64;
/** Room in a message for what NATS adds to it. */
export const messageOverheadBytes = 1024;

type OnWritten = (stream: string, message: WrittenMessage) => void;

/** What a stream counts for a message besides its subject, headers and data (nats-server, fileStoreMsgSize). */
const frameBytes = 22 + 4 + 8;
/** `NATS/1.0` and the expected sequence. */
const headerBytes = 60;

/** Appends batches, each as one message that only the expected one may precede. */
export class LogWriter {
  readonly #context: JetStreamContext;
  readonly #logs: ChannelLogs;
  readonly #batchBytesMax: number;
  readonly #onWritten: OnWritten;

  constructor(
    context: JetStreamContext,
    logs: ChannelLogs,
    { batchBytesMax, onWritten }: { readonly batchBytesMax: number; readonly onWritten: OnWritten },
  ) {
    this.#context = context;
    this.#logs = logs;
    this.#batchBytesMax = batchBytesMax;
    this.#onWritten = onWritten;
  }

  /** As `Store.append`. */
  async append(log: OpenLog, batch: Batch, expected: Revision | undefined): Promise<Revision> {
    // A greater sequence than this node knows may be another node's.
    if (expected !== undefined && Number(expected) > (log.view?.revision ?? 0))
      await this.#logs.refresh(log);
    // The view goes on by itself: from where it is looked at until the message is sent nothing may be awaited.
    let view = viewAt(log, expected);
    requireAcceptable(log.key, batch, view?.head, this.#batchBytesMax);
    if (view !== undefined && view.batchesSinceHead >= batchesPerHead) {
      await this.#writeHead(log, view);
      view = viewAt(log, expected);
    }
    return this.#write(log, this.#messageOf(batch, view), batch);
  }

  #messageOf(batch: Batch, view: LogView | undefined): ChannelMessage {
    const head = view === undefined ? undefined : smallHead(view, batch);
    const previous = view?.sequence ?? 0;
    if (view !== undefined)
      return { kind: "batch", previous, batch, head, headSequence: view.headSequence };
    // The first of a log is its own head.
    return { kind: "batch", previous, batch, head: firstHead(batch), headSequence: 0 };
  }

  /** One that does not fit into a message is written when it does again; until then more is read to open the log. */
  async #writeHead(log: OpenLog, view: LogView): Promise<void> {
    const { head, sequence: previous, revision: batchSequence } = view;
    const message = { kind: "head", previous, head, batchSequence } as const;
    const data = encodeChannelMessage(message);
    if (this.#fits(data)) await this.#publish(log, message, data, (read) => read.kind === "head");
  }

  #write(log: OpenLog, message: ChannelMessage, batch: Batch): Promise<number> {
    const data = encodeChannelMessage(message);
    if (!this.#fits(data)) {
      const limitValue = this.#context.jetStream.messageBytesMax - messageOverheadBytes;
      const values = { limitValue, actualValue: data.byteLength };
      throw refusal(new ChannelError("batch_too_large", { limit: "bytes", ...values }));
    }
    return this.#publish(
      log,
      message,
      data,
      (read) => read.kind === "batch" && read.batch.id === batch.id,
    );
  }

  async #publish(
    log: OpenLog,
    message: ChannelMessage,
    data: Uint8Array,
    isSame: (read: ChannelMessage) => boolean,
  ): Promise<number> {
    const { subject } = log;
    const request = { subject, data, expected: message.previous };
    const sequence = await publishSettled(this.#context, request, () =>
      this.#look(log, message.previous, isSame),
    );
    const bytes = frameBytes + headerBytes + subject.length + data.byteLength;
    this.#onWritten(log.stream, { sequence, bytes });
    this.#logs.takeOwn(log, message, sequence);
    return sequence;
  }

  /** Only the message that directly follows the expected one says what became of a write. */
  async #look(
    log: OpenLog,
    expected: number,
    isSame: (read: ChannelMessage) => boolean,
  ): Promise<WriteState> {
    const next = await this.#context.jetStream.readNext(log.stream, log.subject, expected + 1);
    if (next === undefined) return "absent";
    const read = decodeMessageOf(next);
    if (read.previous !== expected) return "unknown";
    return isSame(read) ? next.sequence : "lost";
  }

  #fits(data: Uint8Array): boolean {
    return data.byteLength + messageOverheadBytes <= this.#context.jetStream.messageBytesMax;
  }
}

/** The view, if it is at exactly this revision. Throws `conflict`. */
function viewAt({ view }: OpenLog, expected: Revision | undefined): LogView | undefined {
  if (expected === undefined) return undefined;
  if (view?.revision === expected) return view;
  throw new StoreRejection("conflict", "the head has another revision");
}

function firstHead(batch: Batch): ChannelHead {
  return LogView.begin(batch, 0).stored.head;
}

function smallHead(view: LogView, batch: Batch): ChannelHead | undefined {
  // Of a deleted log nothing else is left, and nobody's state is asked for.
  if (batch.kind === "tombstone")
    return { ...view.headAfter(batch), producers: new Map(), marks: [] };
  if (view.head.producers.size > headProducersMax) return undefined;
  const head = view.headAfter(batch);
  return headBytes(head) <= headBytesMax ? head : undefined;
}
