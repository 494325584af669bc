import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatTime } from "../time-text.ts";
import { useFeed } from "../use-feed.ts";
import type { ViewProps } from "../view-props.ts";
import { messagesOf, pendingQuestion, type ChatItem, type ChatMessage } from "./chat-model.ts";
import { Composer } from "./composer.tsx";
import { linkPieces } from "./link-pieces.ts";
import "./chat.css";

/** So near to the end somebody is at it. */
const nearPixels = 60;
const quoteLength = 120;

/** A channel as a talk: senders apart, answers linked to what they answer. */
export function ChatView(props: ViewProps) {
  const { process, channel, mayWrite, submitterId } = props;
  const feed = useFeed(props);
  const items = messagesOf(feed.items);
  const [replyTo, setReplyTo] = useState<number>();
  const list = useRef<HTMLDivElement>(null);
  const scroll = useChatScroll(list);
  const byPosition = new Map<number, ChatMessage>();
  for (const item of items)
    if (item.kind === "message") byPosition.set(item.message.position, item.message);
  const goTo = (position: number): void => {
    const message = list.current?.querySelector(`[data-position="${position}"]`);
    message?.scrollIntoView({ block: "center" });
  };
  return (
    <div class="chat">
      <div
        class="chat-list"
        ref={list}
        role="log"
        aria-label={`Messages of ${channel}`}
        tabIndex={0}
        onScroll={scroll.onScroll}
      >
        {feed.hasOlder && (
          <button
            class="view-button chat-older"
            type="button"
            disabled={feed.isLoadingOlder}
            onClick={() => void feed.loadOlder()}
          >
            Older messages
          </button>
        )}
        {items.length === 0 && <p class="chat-empty">Nothing was said yet.</p>}
        {items.map((item) => (
          <Item
            key={item.kind === "message" ? item.message.position : `notice ${item.position}`}
            item={item}
            submitterId={submitterId}
            answered={item.kind === "message" ? byPosition.get(item.message.replyTo) : undefined}
            onGoTo={goTo}
            onReply={mayWrite ? setReplyTo : undefined}
          />
        ))}
      </div>
      {mayWrite && (
        <Composer
          channel={process.channel(channel)}
          question={pendingQuestion(items)}
          answered={replyTo === undefined ? undefined : byPosition.get(replyTo)}
          onAnswered={() => {
            scroll.toEnd();
            setReplyTo(undefined);
          }}
        />
      )}
    </div>
  );
}

/** Stays at the end where somebody is at the end, and else where it is. */
function useChatScroll(list: RefObject<HTMLDivElement | null>) {
  const isAtEnd = useRef(true);
  const heightBefore = useRef(0);
  useLayoutEffect(() => {
    const { current } = list;
    if (current === null) return;
    const { scrollHeight } = current;
    if (isAtEnd.current) current.scrollTop = scrollHeight;
    // Older messages were put above: what is seen stays where it is.
    else if (current.scrollTop < nearPixels)
      current.scrollTop += Math.max(0, scrollHeight - heightBefore.current);
    heightBefore.current = scrollHeight;
  });
  return {
    toEnd: () => (isAtEnd.current = true),
    onScroll: ({ currentTarget }: { readonly currentTarget: HTMLElement }) => {
      const { scrollTop, clientHeight, scrollHeight } = currentTarget;
      isAtEnd.current = scrollTop + clientHeight > scrollHeight - nearPixels;
    },
  };
}

interface ItemProps {
  readonly item: ChatItem;
  readonly submitterId: string;
  readonly answered: ChatMessage | undefined;
  readonly onGoTo: (position: number) => void;
  readonly onReply: ((position: number) => void) | undefined;
}

function Item({ item, submitterId, answered, onGoTo, onReply }: ItemProps) {
  if (item.kind === "notice") return <p class="chat-notice">{item.notice.text}</p>;
  const { message } = item;
  const { position, senderId, time, text, replyTo, isOpen, error, question } = message;
  const isOurs = senderId === submitterId || senderId.startsWith("grant:");
  return (
    <article
      class={`chat-message${isOurs ? " chat-ours" : ""}`}
      data-position={position}
      aria-label={`${senderId}, ${formatTime(time)}`}
    >
      <header class="chat-meta">
        <span class="chat-sender">{senderId}</span>
        <time>{formatTime(time)}</time>
        {question !== undefined && <span class="chat-asks">asks</span>}
        {onReply !== undefined && (
          <button class="chat-reply" type="button" onClick={() => onReply(position)}>
            Reply
          </button>
        )}
      </header>
      {replyTo > 0 && (
        <button class="chat-quote" type="button" onClick={() => onGoTo(replyTo)}>
          {answered === undefined
            ? `Answers ${replyTo}`
            : `${answered.senderId}: ${answered.text.slice(0, quoteLength)}`}
        </button>
      )}
      {text !== "" && (
        <div class="chat-text">
          {linkPieces(text).map((piece, index) =>
            piece.link === undefined ? (
              piece.text
            ) : (
              <a key={index} href={piece.link} target="_blank" rel="noopener noreferrer">
                {piece.text}
              </a>
            ),
          )}
          {isOpen && <span class="chat-open" role="img" aria-label="More is coming" />}
        </div>
      )}
      {error !== undefined && <div class="chat-error">{error}</div>}
    </article>
  );
}
