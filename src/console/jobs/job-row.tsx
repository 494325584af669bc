import { useMemo } from "preact/hooks";
import type { ProcessView } from "../../client/index.ts";
import { now } from "../app/clock.ts";
import { formatBytes, formatCount, formatDuration } from "../app/format.ts";
import { lookOfProcess } from "../app/process-look.ts";
import { encodeRoute } from "../app/route.ts";
import type { RateWatch } from "./rate-watch.ts";
import { Sparkline } from "./sparkline.tsx";

interface JobRowProps {
  readonly process: ProcessView;
  readonly rates: RateWatch;
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly top: number;
  readonly isActive: boolean;
}

/** The id of its element, by which the grid says which row is meant. */
export function rowIdOf(processId: string): string {
  return `job-${processId}`;
}

/** What others have named is text, cut where it is too long, and whole where the pointer rests on it. */
export function JobRow({ process, rates, index, top, isActive }: JobRowProps) {
  const { id, label, executorId, state } = process;
  const look = lookOfProcess(process);
  return (
    <div
      id={rowIdOf(id)}
      class={`jobs-row jobs-row-${state} ${isActive ? "jobs-row-active" : ""}`}
      role="row"
      // The head is the first.
      aria-rowindex={index + 2}
      aria-selected={isActive}
      data-id={id}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span class="jobs-state" role="gridcell">
        <span class={`dot ${look.dot}`} />
        <span class="jobs-state-word">{look.state}</span>
      </span>
      <span class="jobs-name" role="gridcell">
        <a href={encodeRoute({ page: "job", processId: id })} tabIndex={-1} title={label || id}>
          {label || id}
        </a>
        {label !== "" && <span class="jobs-id mono quiet">{id}</span>}
      </span>
      <span class="jobs-executor quiet" role="gridcell" title={executorId}>
        {executorId === `run:${id}` ? "jobwire run" : executorId || "–"}
      </span>
      <span class="jobs-rate" role="gridcell">
        {state === "running" && <RateOf rates={rates} id={id} of="entries" />}
      </span>
      <span class="jobs-rate" role="gridcell">
        {state === "running" && <RateOf rates={rates} id={id} of="bytes" />}
      </span>
      <span class="jobs-age quiet" role="gridcell">
        <Age process={process} />
      </span>
      <span class={`jobs-outcome jobs-outcome-${process.outcome?.status}`} role="gridcell">
        <span title={look.outcome}>{look.outcome}</span>
        <Duration process={process} />
      </span>
    </div>
  );
}

interface RateOfProps {
  readonly rates: RateWatch;
  readonly id: string;
  readonly of: "entries" | "bytes";
}

function RateOf({ rates, id, of }: RateOfProps) {
  const { value } = rates.ratesOf(id);
  const newest = value.at(-1);
  const format = of === "entries" ? formatCount : formatBytes;
  return (
    <>
      <Sparkline rates={value} of={of} />
      {newest !== undefined && (
        <span class={`jobs-rate-number ${newest[of] === 0 ? "jobs-rate-idle" : ""}`}>
          {format(newest[of])}/s
        </span>
      )}
    </>
  );
}

/** What it took; only once that is known. */
function Duration({ process: { startedAt, closedAt } }: { readonly process: ProcessView }) {
  if (startedAt === undefined || closedAt === undefined) return null;
  return <span class="jobs-duration quiet">{formatDuration(closedAt - startedAt)}</span>;
}

/** Drawn again each second, and nothing else of the row with it. */
function Age({ process: { createdAt } }: { readonly process: ProcessView }) {
  const moment = useMemo(() => new Date(createdAt), [createdAt]);
  const title = useMemo(() => moment.toLocaleString(), [moment]);
  return (
    <time dateTime={moment.toISOString()} title={title}>
      {formatDuration(now.value - createdAt)}
    </time>
  );
}
