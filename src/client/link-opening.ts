import { invalidArgument } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import type { Http } from "./http.ts";
import { HttpLink } from "./http-link.ts";
import type { Link, LinkSink } from "./link.ts";
import type { Transport } from "./options.ts";
import { SocketLink } from "./socket-link.ts";
import type { WebSocketConstructor } from "./web-socket.ts";

export interface LinkOpening {
  readonly url: string;
  readonly token: string;
  readonly webSocket: WebSocketConstructor | undefined;
  readonly http: Http;
  readonly system: System;
  readonly sink: LinkSink;
}

export function openLink(transport: Transport, opening: LinkOpening): Link {
  const { webSocket } = opening;
  if (transport !== "websocket") return new HttpLink(transport, opening);
  if (webSocket === undefined)
    throw invalidArgument("transport", "sse or poll where there is no WebSocket");
  return new SocketLink({ ...opening, webSocket });
}
