export { AuditLog } from "./audit-log.ts";
export type { AuditLine, Refusal } from "./audit-log.ts";
export type { KeySource } from "./authentication.ts";
export { createServer } from "./server.ts";
export type { Server, ServerOptions } from "./server.ts";
export type { ServerLimits } from "./server-limits.ts";
export type { TokenKey } from "./token-keys.ts";
export { mintToken } from "./token-minting.ts";
export type { TokenClaims } from "./token-minting.ts";
