export { Broker } from "./broker/broker.ts";
export type { BrokerOptions } from "./broker/broker-options.ts";
export type { Caller } from "./broker/caller.ts";
export { ChannelSubscription } from "./broker/channel-subscription.ts";
export type { NextOptions } from "./broker/channel-subscription.ts";
export { ProcessWatch } from "./broker/process-watch.ts";
export type { ProcessChange } from "./broker/process-watch.ts";
export type { ReadOptions } from "./broker/read-once.ts";
export type {
  AppendAck,
  AppendedEntry,
  AuditEvent,
  ChannelView,
  Cursor,
  EndReason,
  Gap,
  GapReason,
  MemoryUse,
  ProcessSpec,
  ProcessView,
  ReadResult,
  StartAt,
  SubscriptionItem,
} from "./broker/views.ts";
export { Channel } from "./channel.ts";
export type { ChannelInit, ProcessInfo } from "./channel.ts";
export { applyBatch, copyHead, createHead, producerKey } from "./channel-head.ts";
export type { ByteMark, ChannelHead } from "./channel-head.ts";
export { entryBytes, entryOverheadBytes, MsgType } from "./entry.ts";
export type { EntryInput, MsgEntry } from "./entry.ts";
export { ChannelError, errorCodes, isChannelError, isErrorCode } from "./errors.ts";
export type { ErrorCode, ErrorDetails } from "./errors.ts";
export {
  defaultBrokerLimits,
  defaultRouterLimits,
  memoryClosedProcessAgeMs,
  payloadBytesMax,
} from "./limits.ts";
export type { BrokerLimits, RouterLimits } from "./limits.ts";
export type {
  CancelRequest,
  ChannelSpec,
  Grant,
  GrantOp,
  Outcome,
  ProcessRecord,
  ProcessState,
  ResolvedChannelSpec,
  Settling,
  WhenFull,
  Writers,
} from "./process-record.ts";
export type { ProducerKey, ProducerState, SequenceHole } from "./producers.ts";
export { RateLimiter } from "./rate-limiter.ts";
export { Router } from "./router.ts";
export type { RouterOptions } from "./router.ts";
export { cutOffMs, StoreRejection } from "./store.ts";
export type {
  Batch,
  ChannelKey,
  Commit,
  HeardListener,
  PageLimits,
  RejectionKind,
  Revision,
  Store,
  StoredHead,
  StoredRecord,
  StoreManifest,
} from "./store.ts";
export { Subscription } from "./subscription.ts";
export { defaultSystem, randomId, systemClock } from "./system.ts";
export type { Clock, RandomId, System } from "./system.ts";
