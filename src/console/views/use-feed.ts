import { useEffect, useMemo, useReducer } from "preact/hooks";
import { DrawPace } from "./draw-pace.ts";
import { EntryFeed, type EntryFeedOptions, type FeedItem } from "./entry-feed.ts";
import type { ViewProps } from "./view-props.ts";

export interface UseFeedOptions extends EntryFeedOptions {
  readonly onItem?: (item: FeedItem) => void;
}

/** The entries of the view's channel; draws the view again when they change. */
export function useFeed(
  { process, channel, onState }: ViewProps,
  { onItem, ...options }: UseFeedOptions = {},
): EntryFeed {
  const feed = useMemo(() => new EntryFeed(process, channel, options), [process, channel]);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const pace = new DrawPace(() => {
      onState(feed.state);
      redraw(undefined);
    });
    if (onItem !== undefined) feed.onItem = onItem;
    feed.onChange = () => pace.request();
    void feed.start();
    return () => {
      pace.cancel();
      feed.close();
    };
  }, [feed]);
  return feed;
}
