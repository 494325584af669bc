export { createServer } from "./server.ts";
export type { Server, ServerOptions } from "./server.ts";
