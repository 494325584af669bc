import { decodeQuestion, questionEntryType, type Question } from "../../../client/entry-forms.ts";
import type { ChannelEntry } from "../../../client/index.ts";
import type { FeedItem } from "../entry-feed.ts";
import { noticeOf, type Notice } from "../notices.ts";
import { cleanText } from "../payload-text.ts";

/** Characters of one message; what is more is not shown here. */
const lengthMax = 256 * 1024;

/** What one sender said at one place of the channel. */
export interface ChatMessage {
  readonly position: number;
  readonly senderId: string;
  readonly time: number;
  /** Position of what it answers, or 0. */
  readonly replyTo: number;
  readonly text: string;
  readonly question?: Question;
  /** More of it may come: a stream whose end has not been seen. */
  readonly isOpen: boolean;
  /** Why its stream failed. */
  readonly error?: string;
}

export type ChatItem =
  | { readonly kind: "message"; readonly message: ChatMessage }
  | { readonly kind: "notice"; readonly position: number; readonly notice: Notice };

interface Growing {
  readonly first: ChannelEntry;
  readonly decoder: TextDecoder;
  text: string;
  question?: Question;
  isOpen: boolean;
  error?: string;
}

/**
 * The messages that entries make. What one producer says in answer to one entry is a stream, and one message
 * until its end; what answers nothing stands for itself.
 */
export function messagesOf(items: readonly FeedItem[]): ChatItem[] {
  const order: (Growing | { position: number; notice: Notice })[] = [];
  const streams = new Map<string, Growing>();
  for (const item of items) {
    if (item.kind === "notice") {
      order.push(item);
      continue;
    }
    const { entry } = item;
    const key = `${entry.replyTo} ${entry.producer} ${entry.senderId}`;
    const stream = streams.get(key);
    if (entry.type === "end" || entry.type === "error") {
      streams.delete(key);
      if (stream !== undefined) finish(stream, entry);
      else if (entry.type === "error") order.push(failed(entry));
    } else if (entry.type === "data" && stream !== undefined) extend(stream, entry);
    else if (entry.type === "data" || entry.type === questionEntryType) {
      const message = begin(entry);
      order.push(message);
      if (message.isOpen) streams.set(key, message);
    } else {
      const notice = noticeOf(entry);
      if (notice !== undefined) order.push({ position: entry.position, notice });
    }
  }
  return order.map(toItem);
}

/** The newest question that nobody has answered. */
export function pendingQuestion(items: readonly ChatItem[]): ChatMessage | undefined {
  const answered = new Set<number>();
  for (const item of items.toReversed()) {
    if (item.kind !== "message") continue;
    const { message } = item;
    if (message.question !== undefined && !answered.has(message.position)) return message;
    if (message.replyTo > 0) answered.add(message.replyTo);
  }
  return undefined;
}

function begin(entry: ChannelEntry): Growing {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const question = entry.type === questionEntryType ? decodeQuestion(entry.payload) : undefined;
  const isOpen = entry.type === "data" && entry.replyTo > 0;
  const text = question?.question ?? decoder.decode(entry.payload, { stream: isOpen });
  return { first: entry, decoder, text, isOpen, ...(question === undefined ? {} : { question }) };
}

function extend(stream: Growing, { payload }: ChannelEntry): void {
  if (stream.text.length < lengthMax)
    stream.text += stream.decoder.decode(payload, { stream: true });
}

function finish(stream: Growing, { type, error }: ChannelEntry): void {
  stream.text += stream.decoder.decode();
  stream.isOpen = false;
  if (type === "error") stream.error = error === "" ? "It failed." : error;
}

function failed(entry: ChannelEntry): Growing {
  const message = { ...begin(entry), text: "", isOpen: false };
  finish(message, entry);
  return message;
}

function toItem(item: Growing | { position: number; notice: Notice }): ChatItem {
  if ("notice" in item) return { kind: "notice", position: item.position, notice: item.notice };
  const { first, text, question, isOpen, error } = item;
  const { position, senderId, replyTo, timestamp: time } = first;
  const shown = cleanText(text).slice(0, lengthMax);
  const message = { position, senderId, replyTo, time, text: shown, isOpen };
  return {
    kind: "message",
    message: {
      ...message,
      ...(question === undefined ? {} : { question }),
      ...(error === undefined ? {} : { error }),
    },
  };
}
