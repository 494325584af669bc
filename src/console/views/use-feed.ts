import { useEffect, useMemo, useReducer } from "preact/hooks";
import { EntryFeed, type EntryFeedOptions, type FeedItem } from "./entry-feed.ts";
import type { ViewProps } from "./view-props.ts";

export interface UseFeedOptions extends EntryFeedOptions {
  readonly onItem?: (item: FeedItem) => void;
}

/** The entries of the view's channel; draws the view again when they change, once a frame. */
export function useFeed(
  { process, channel, onState }: ViewProps,
  { onItem, ...options }: UseFeedOptions = {},
): EntryFeed {
  const feed = useMemo(() => new EntryFeed(process, channel, options), [process, channel]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let frame = 0;
    if (onItem !== undefined) feed.onItem = onItem;
    feed.onChange = () => {
      onState(feed.state);
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        redraw(undefined);
      });
    };
    void feed.start();
    return () => {
      cancelAnimationFrame(frame);
      feed.close();
    };
  }, [feed]);
  return feed;
}
