import { useState } from "preact/hooks";
import type { ChannelEntry } from "../../../client/index.ts";
import { EntryList } from "../entry-list.tsx";
import { useFeed } from "../use-feed.ts";
import type { ViewProps } from "../view-props.ts";
import { hexRows } from "./hex-rows.ts";

const rowsStep = 16;
const rowsPerStep = 256;

/** The bytes of entries. */
export function HexView(props: ViewProps) {
  const feed = useFeed(props, { pageEntries: 100, entriesMax: 1_000 });
  return (
    <EntryList feed={feed} label={`Bytes of ${props.channel}`}>
      {(entry) => <Bytes entry={entry} />}
    </EntryList>
  );
}

function Bytes({ entry: { payload } }: { readonly entry: ChannelEntry }) {
  const [rowsMax, setRowsMax] = useState(rowsStep);
  const rows = hexRows(payload, rowsMax);
  const left = payload.length - rowsMax * 16;
  if (payload.length === 0) return null;
  return (
    <>
      <pre class="hex" tabIndex={0} aria-label="Bytes">
        {rows.map(({ offset, hex, text }) => (
          <div key={offset}>
            <span class="hex-offset">{offset}</span>
            {`  ${hex.padEnd(50)}`}
            <span class="hex-text">{text}</span>
          </div>
        ))}
      </pre>
      {left > 0 && (
        <button class="view-button" type="button" onClick={() => setRowsMax(rowsMax + rowsPerStep)}>
          {left.toLocaleString("en")} bytes more
        </button>
      )}
    </>
  );
}
