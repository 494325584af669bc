import type { ByteMark, ChannelHead } from "../channel-head.ts";
import { entryBytes } from "../entry.ts";
import type { MsgEntry } from "../entry.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";

export interface TrimPlan {
  readonly logicalFirst: number;
  readonly trimmedBytes: number;
  readonly marks: readonly ByteMark[];
}

/** Steps per limit: a log that trims holds at least 7/8 of its limit, and a head only few marks. */
const stepsPerLimit = 8;

/**
 * What a batch of these entries trims. Cuts happen at marks only, of which the cumulative size is known,
 * so that no old entry has to be read to know how much goes.
 */
export function planTrim(
  head: ChannelHead,
  entries: readonly MsgEntry[],
  spec: ResolvedChannelSpec,
): TrimPlan {
  const unchanged = { logicalFirst: head.first, trimmedBytes: head.trimmedBytes };
  if (spec.whenFull !== "trim" || entries.length === 0) return { ...unchanged, marks: [] };
  const stepEntries = Math.max(1, spec.maxLogEntries / stepsPerLimit);
  const stepBytes = spec.maxLogBytes / stepsPerLimit;
  const marks: ByteMark[] = [];
  let mark = head.marks.at(-1) ?? { position: head.first - 1, cumulativeBytes: head.trimmedBytes };
  let end: ByteMark = { position: head.last, cumulativeBytes: head.cumulativeBytes };
  for (const entry of entries) {
    const next = {
      position: end.position + 1,
      cumulativeBytes: end.cumulativeBytes + entryBytes(entry),
    };
    const exceeds =
      next.position - mark.position > stepEntries ||
      next.cumulativeBytes - mark.cumulativeBytes > stepBytes;
    // Marks stand before the entry that would exceed a step, so the newest entry never has to go with old ones.
    if (exceeds && end.position > mark.position) marks.push((mark = end));
    end = next;
  }
  const fits = (cut: ByteMark): boolean =>
    end.position - cut.position <= spec.maxLogEntries &&
    end.cumulativeBytes - cut.cumulativeBytes <= spec.maxLogBytes;
  if (fits({ position: head.first - 1, cumulativeBytes: head.trimmedBytes }))
    return { ...unchanged, marks };
  const cut =
    [...head.marks, ...marks].find(
      (candidate) => candidate.position >= head.first && fits(candidate),
    ) ?? end;
  return {
    logicalFirst: cut.position + 1,
    trimmedBytes: cut.cumulativeBytes,
    marks: marks.filter((m) => m.position > cut.position),
  };
}
