/**
 * Entries whose form the protocol says, for whoever shows them. Beside the main entry point of the client, whose size
 * everybody pays for; `jobwire/protocol` has them for others.
 */
export { decodeCursor, encodeCursor } from "../protocol/cursor.ts";
export { decodeGapEntry, gapEntryType, type MissingBytes } from "../protocol/gap-entry.ts";
export {
  decodeMetric,
  decodeProgress,
  decodeQuestion,
  metricEntryType,
  progressEntryType,
  questionEntryType,
  type Metric,
  type Progress,
  type Question,
} from "../protocol/progress-entries.ts";
export {
  decodeKeyboard,
  decodeSize,
  decodeSnapshot,
  encodeTerminalEntry,
  keyboardEntryType,
  sizeEntryType,
  snapshotChannel,
  snapshotEntryType,
  terminalChannel,
  viewerEntryType,
  viewerIntervalMs,
  type TerminalSize,
  type TerminalSnapshot,
} from "../protocol/terminal-entries.ts";
