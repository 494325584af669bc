import { WebSocket } from "ws";
import { provideWebSocket } from "./web-socket.ts";

// Node 20 has no WebSocket of its own.
provideWebSocket(WebSocket);

export * from "./index.ts";
