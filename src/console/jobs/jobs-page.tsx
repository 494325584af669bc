import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Jobwire } from "../../client/index.ts";
import { Icon } from "../app/icon.tsx";
import { countStates, createMatcher, isInState, stateFilters } from "./job-filter.ts";
import { JobGrid } from "./job-grid.tsx";
import { jobListOf, type JobList } from "./job-list.ts";
import "./jobs.css";

/** All jobs that the user may see, live. */
export function JobsPage({ wire }: { readonly wire: Jobwire }) {
  const list = jobListOf(wire);
  const found = useComputed(() => list.jobs.value.filter(createMatcher(list.search.value)));
  const counts = useComputed(() => countStates(found.value));
  const shown = useComputed(() =>
    found.value.filter(({ process }) => isInState(process, list.filter.value)),
  );
  return (
    <div class="jobs">
      <h1 class="visually-hidden">Jobs</h1>
      <div class="jobs-tools">
        <SearchField list={list} />
        <div class="jobs-filters" role="group" aria-label="Jobs to show">
          {stateFilters.map((name) => (
            <button
              key={name}
              class="jobs-filter"
              aria-pressed={list.filter.value === name}
              onClick={() => (list.filter.value = name)}
            >
              {name}{" "}
              <span class="jobs-filter-count">{counts.value[name].toLocaleString("en")}</span>
            </button>
          ))}
        </div>
      </div>
      {shown.value.length > 0 ? <JobGrid list={list} jobs={shown.value} /> : <NoJobs list={list} />}
    </div>
  );
}

/** `/` leads here from wherever nothing is typed, Escape empties it, the arrow below leads to the list. */
function SearchField({ list }: { readonly list: JobList }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") list.search.value = "";
    else if (event.key === "ArrowDown")
      document.querySelector<HTMLElement>(".jobs-grid")?.focus({ preventScroll: true });
    else return;
    event.preventDefault();
  };
  return (
    <label class="jobs-search">
      <Icon name="search" />
      <span class="visually-hidden">Search by name, id, executor or submitter</span>
      <input
        ref={field}
        class="input"
        type="search"
        placeholder="Search jobs"
        autocomplete="off"
        spellcheck={false}
        value={list.search}
        onInput={({ currentTarget }) => (list.search.value = currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

function NoJobs({ list }: { readonly list: JobList }) {
  const state = list.state.value;
  if (state.kind === "failed")
    return (
      <div class="jobs-none" role="alert">
        <p>The jobs cannot be shown: {state.message}</p>
        <button class="button" onClick={() => list.follow()}>
          Try again
        </button>
      </div>
    );
  if (state.kind === "loading")
    return (
      <p class="jobs-none quiet" role="status">
        Loading …
      </p>
    );
  if (list.jobs.value.length > 0)
    return (
      <div class="jobs-none">
        <p>No job is like that.</p>
        <button class="button" onClick={() => list.showAll()}>
          Show all jobs
        </button>
      </div>
    );
  return (
    <div class="jobs-none">
      <p>There are no jobs yet. Any program becomes one:</p>
      <code class="jobs-command mono">jobwire run --name demo -- ./program</code>
    </div>
  );
}
