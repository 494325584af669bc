/**
 * Entries whose form the protocol says, for whoever shows or writes them. Beside the main entry point of the client, whose
 * size everybody pays for.
 */
export { decodeGapEntry, gapEntryType, type MissingBytes } from "../protocol/gap-entry.ts";
