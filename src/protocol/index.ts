export { decodeBase64, encodeBase64, requireBase64 } from "./base64.ts";
export { decodeCursor, decodeStart, encodeCursor } from "./cursor.ts";
export { isOfToken, isRetryable, retryAfterMs } from "./error-retry.ts";
export { decodeError } from "./decode-error.ts";
export { encodeError, errorStatus } from "./error-status.ts";
export type { ErrorStatus, Problem } from "./error-status.ts";
export {
  decodeFrame,
  encodeEntries,
  encodeEntriesMessage,
  encodeFrame,
  encodeMessage,
  frameBytesTarget,
  formOf,
  subprotocols,
} from "./frame.ts";
export type {
  DecodedMessage,
  EncodedMessage,
  EntryDecoder,
  FrameForm,
  ToldEntry,
} from "./frame.ts";
export { decodeGapEntry, encodeGapEntry, gapEntryType } from "./gap-entry.ts";
export type { MissingBytes, MissingReason } from "./gap-entry.ts";
export {
  decodeEntry,
  decodeEntryFields,
  decodeEntryInput,
  decodeOutcome,
  encodeAck,
  encodeChannel,
  encodeChannelSpec,
  encodeChannelView,
  encodeEnd,
  encodeEntry,
  encodeEntryFieldsText,
  encodeGap,
  encodeOutcome,
  encodeProcess,
  encodeRead,
  encodeTime,
} from "./json-form.ts";
export type {
  JsonAck,
  JsonChannel,
  JsonChannelSpec,
  JsonEnd,
  JsonEntry,
  JsonEntryInput,
  JsonGap,
  JsonGrant,
  JsonOutcome,
  JsonProcess,
  JsonRead,
} from "./json-form.ts";
export { parseJson } from "./json-integers.ts";
export {
  choicesMax,
  decodeMetric,
  decodeProgress,
  decodeQuestion,
  encodeProgressEntry,
  labelLengthMax,
  metricEntryType,
  metricValuesMax,
  progressEntryType,
  questionEntryType,
} from "./progress-entries.ts";
export type { Metric, Progress, Question } from "./progress-entries.ts";
export { encodeSseComment, encodeSseEvent, encodeSseId, SseParser } from "./sse.ts";
export type { ReceivedSseEvent, SseEvent } from "./sse.ts";
export type {
  AckRun,
  ClientMessage,
  FrameEntryInput,
  FrameError,
  ReceivedInput,
  ReceivedMessage,
  ServerMessage,
  SocketLimits,
} from "./socket-message.ts";
export { decodeInputFields, encodeInputFields } from "./socket-message.ts";
export {
  decodeKeyboard,
  decodeSignal,
  decodeSize,
  decodeSnapshot,
  decodeViewer,
  encodeTerminalEntry,
  keyboardEntryType,
  signalEntryType,
  sizeEntryType,
  snapshotChannel,
  snapshotEntryType,
  terminalChannel,
  terminalSideMax,
  terminalSignalNames,
  viewerEntryType,
  viewerIntervalMs,
  viewerSilenceMs,
} from "./terminal-entries.ts";
export type {
  TerminalKeyboard,
  TerminalSignal,
  TerminalSignalName,
  TerminalSize,
  TerminalSnapshot,
  TerminalViewer,
} from "./terminal-entries.ts";
