import { useEffect, useState } from "preact/hooks";
import type { ConnectionState, Jobwire } from "../../client/index.ts";

interface Look {
  readonly dot: string;
  readonly text: string;
  /** For who wants to know more. */
  readonly detail?: string;
}

const transports = {
  websocket: "over a WebSocket",
  sse: "over server-sent events: no WebSocket gets through",
  poll: "by asking again and again: no stream gets through",
};

/** What the person is to know of the connection. */
export function lookOf(state: ConnectionState): Look {
  switch (state.kind) {
    case "live":
      return { dot: "dot-good", text: "Live", detail: transports[state.transport] };
    case "waiting":
      return { dot: "dot-bad dot-alive", text: "Reconnecting", detail: state.error.message };
    case "connecting":
      return { dot: "dot-warn dot-alive", text: "Connecting" };
    case "idle":
      return { dot: "dot-hollow", text: "Idle", detail: "nothing is followed" };
    case "closed":
      return { dot: "dot-hollow", text: "Closed" };
  }
}

/** The state of the connection, always in view; changes of it are read out. */
export function ConnectionBadge({ wire }: { readonly wire: Jobwire }) {
  const [state, setState] = useState<ConnectionState>({ kind: "idle" });
  useEffect(() => wire.onState(setState), [wire]);
  const { dot, text, detail } = lookOf(state);
  return (
    <span class="app-connection" role="status" title={detail}>
      <span class={`dot ${dot}`} />
      <span class="app-connection-text">{text}</span>
    </span>
  );
}
