/** What is used of a WebSocket: browsers, workers, node from 22 on and `ws` all have it. */
export interface WebSocketLike {
  readonly protocol: string;
  readonly readyState: number;
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

let provided: WebSocketConstructor | undefined;

/** For where there is none: set by the entry point for node. */
export function provideWebSocket(constructor: WebSocketConstructor): void {
  provided = constructor;
}

export function defaultWebSocket(): WebSocketConstructor | undefined {
  const { WebSocket: own } = globalThis as { readonly WebSocket?: WebSocketConstructor };
  return own ?? provided;
}
