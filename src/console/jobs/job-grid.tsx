import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { navigate } from "../app/router.ts";
import type { ListedJob } from "./job-filter.ts";
import type { JobList } from "./job-list.ts";
import { JobRow, rowIdOf } from "./job-row.tsx";
import { clamp, rowWindow, scrollToRow, type Viewport } from "./row-window.ts";
import { useRowHeights } from "./row-heights.ts";

/** Each with the class of its cells, which says where it stands and where there is no place for it. */
const columns: readonly (readonly [name: string, cell: string])[] = [
  ["State", "jobs-state"],
  ["Name", "jobs-name"],
  ["Executor", "jobs-executor"],
  ["Entries/s", "jobs-rate"],
  ["Bytes/s", "jobs-rate"],
  ["Age", "jobs-age"],
  ["Outcome", "jobs-outcome"],
];

interface JobGridProps {
  readonly list: JobList;
  /** Those that the filter lets through. */
  readonly jobs: readonly ListedJob[];
}

/**
 * Thousands of rows, of which those in view are drawn. The grid itself has the focus, so that it is not lost
 * with a row that scrolls away; it tells which row the keys mean.
 */
export function JobGrid({ list, jobs }: JobGridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const viewport = useViewport(grid, list, jobs.length);
  const { start, end } = rowWindow(viewport);
  const drawn = jobs.slice(start, end);
  useVisibleRates(list, drawn);
  const activeIndex = jobs.findIndex(({ process }) => process.id === list.activeId.value);
  const isActiveDrawn = activeIndex >= start && activeIndex < end;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = targetOf(event.key, activeIndex, viewport);
    if (target !== undefined) {
      list.activeId.value = jobs[target]?.process.id;
      if (grid.current !== null) grid.current.scrollTop = scrollToRow(target, viewport);
    } else if (event.key === "Enter") open(jobs[activeIndex]);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={grid}
      class="jobs-grid"
      role="grid"
      aria-label="Jobs"
      aria-rowcount={jobs.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={isActiveDrawn ? rowIdOf(list.activeId.value ?? "") : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={() => {
        if (activeIndex < 0) list.activeId.value = jobs[firstInView(viewport)]?.process.id;
      }}
      onClick={(event) => openClicked(event, list)}
    >
      <div class="jobs-head" role="row" aria-rowindex={1}>
        {columns.map(([name, cell]) => (
          <span key={name} class={cell} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div
        class="jobs-rows"
        role="rowgroup"
        style={{ height: `${jobs.length * viewport.rowHeight}px` }}
      >
        {drawn.map(({ process }, offset) => (
          <JobRow
            key={process.id}
            process={process}
            rates={list.rates}
            index={start + offset}
            top={(start + offset) * viewport.rowHeight}
            isActive={start + offset === activeIndex}
          />
        ))}
      </div>
    </div>
  );
}

/** What of the list is in view, now and whenever that changes. Begins where the list was left. */
function useViewport(
  grid: RefObject<HTMLDivElement | null>,
  list: JobList,
  count: number,
): Viewport {
  const { rowHeight, headHeight } = useRowHeights();
  const size = useSignal({ top: list.scrollTop, height: 0 });
  useLayoutEffect(() => {
    const element = grid.current;
    if (element === null) return;
    element.scrollTop = list.scrollTop;
    const measure = (): void => {
      list.scrollTop = element.scrollTop;
      size.value = { top: element.scrollTop, height: element.clientHeight };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [list]);
  const { top, height } = size.value;
  return { top, height: Math.max(0, height - headHeight), rowHeight, count };
}

/** Only what runs writes. */
function useVisibleRates(list: JobList, drawn: readonly ListedJob[]): void {
  const running = drawn.filter(({ process }) => process.state === "running");
  const ids = running.map(({ process }) => process.id);
  useEffect(() => list.rates.show(ids), [list, ids.join(" ")]);
  useEffect(() => () => list.rates.show([]), [list]);
}

/** The row that a key leads to; undefined for other keys. */
function targetOf(key: string, activeIndex: number, viewport: Viewport): number | undefined {
  const { count, height, rowHeight } = viewport;
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: activeIndex + 1,
    ArrowUp: activeIndex - 1,
    PageDown: activeIndex + page,
    PageUp: activeIndex - page,
    Home: 0,
    End: count - 1,
  };
  const target = targets[key];
  return target === undefined ? undefined : clamp(target, 0, count - 1);
}

function firstInView({ top, rowHeight }: Viewport): number {
  return Math.ceil(top / rowHeight);
}

function open(job: ListedJob | undefined): void {
  if (job !== undefined) navigate({ page: "job", processId: job.process.id });
}

/** All of a row is as good as its link, unless text of it was being selected. */
function openClicked(event: MouseEvent, list: JobList): void {
  const { target } = event;
  if (!(target instanceof Element)) return;
  const id = target.closest<HTMLElement>("[data-id]")?.dataset.id;
  if (id === undefined) return;
  list.activeId.value = id;
  const isLeftToBrowser =
    target.closest("a") !== null || event.ctrlKey || event.metaKey || event.shiftKey;
  if (isLeftToBrowser || getSelection()?.isCollapsed === false) return;
  navigate({ page: "job", processId: id });
}
