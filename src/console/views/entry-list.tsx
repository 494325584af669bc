import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ChannelEntry } from "../../client/index.ts";
import type { EntryFeed } from "./entry-feed.ts";
import { formatTime } from "./time-text.ts";
import "./entries.css";

export interface EntryListProps {
  readonly feed: EntryFeed;
  readonly label: string;
  readonly children: (entry: ChannelEntry) => ComponentChildren;
}

const nearPixels = 40;

/** Entries one below the other, each with where it comes from. */
export function EntryList({ feed, label, children }: EntryListProps) {
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current && list.current !== null)
      list.current.scrollTop = list.current.scrollHeight;
  });
  return (
    <div
      class="entries"
      ref={list}
      role="log"
      aria-live="off"
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - nearPixels;
      }}
    >
      {feed.hasOlder && (
        <button
          class="view-button"
          type="button"
          disabled={feed.isLoadingOlder}
          onClick={() => void feed.loadOlder()}
        >
          Older entries
        </button>
      )}
      {feed.items.length === 0 && <p class="entries-empty quiet">There are no entries yet.</p>}
      {feed.items.map((item) =>
        item.kind === "notice" ? (
          <p class="entries-notice" key={`notice ${item.position}`}>
            {item.notice.text}
          </p>
        ) : (
          <article class="entry" key={item.entry.position}>
            <header class="entry-meta">
              <span class="entry-position">{item.entry.position}</span>
              <time>{formatTime(item.entry.timestamp)}</time>
              <span>{item.entry.senderId}</span>
              {item.entry.type !== "data" && <span class="entry-type">{item.entry.type}</span>}
              {item.entry.replyTo > 0 && <span>answers {item.entry.replyTo}</span>}
            </header>
            {item.entry.error !== "" && <p class="entry-error">{item.entry.error}</p>}
            {children(item.entry)}
          </article>
        ),
      )}
    </div>
  );
}
