import { useMemo } from "preact/hooks";
import type { ChannelEntry } from "../../../client/index.ts";
import { EntryList } from "../entry-list.tsx";
import { useFeed } from "../use-feed.ts";
import type { ViewProps } from "../view-props.ts";
import { JsonNode } from "./json-node.tsx";
import { parsePayload } from "./json-value.ts";

/** The payloads of entries as trees. */
export function JsonView(props: ViewProps) {
  const feed = useFeed(props);
  return (
    <EntryList feed={feed} label={`Entries of ${props.channel}`}>
      {(entry) => <EntryTree entry={entry} />}
    </EntryList>
  );
}

function EntryTree({ entry: { payload } }: { readonly entry: ChannelEntry }) {
  const parsed = useMemo(() => parsePayload(payload), [payload]);
  if (parsed.kind === "json") return <JsonNode value={parsed.value} />;
  if (parsed.text === "") return null;
  return <pre class="entry-text">{parsed.text}</pre>;
}
