import type { Deferred } from "../deferred.ts";
import type { MarkerKind } from "./batch-builder.ts";

/** What is done between two batches, one at a time: write a marker, or catch up with what others wrote. */
export interface Errand {
  readonly kind: MarkerKind | "refresh";
  readonly settled: Deferred<void>;
}
