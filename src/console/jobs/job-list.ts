import { signal, type ReadonlySignal } from "@preact/signals";
import { isChannelError, type Jobwire, type ProcessChange } from "../../client/index.ts";
import { compareJobs, listJob, type ListedJob, type StateFilter } from "./job-filter.ts";
import { RateWatch } from "./rate-watch.ts";

export type ListState =
  { readonly kind: "loading" | "live" } | { readonly kind: "failed"; readonly message: string };

/** Changes are drawn together, at most ten times a second. */
const drawIntervalMs = 100;
/** With so many within that time a whole list is on its way, of which each drawing shows other rows: fewer are enough. */
const changesMax = 100;
const crowdedIntervalMs = 1_000;

/** The jobs that this user may see, kept up to date from the first time that they are shown. */
export class JobList {
  readonly rates: RateWatch;
  /** How the list was left: whoever comes back finds it like that. */
  readonly search = signal("");
  readonly filter = signal<StateFilter>("all");
  scrollTop = 0;
  readonly activeId = signal<string | undefined>(undefined);
  readonly #wire: Jobwire;
  readonly #byId = new Map<string, ListedJob>();
  readonly #jobs = signal<readonly ListedJob[]>([]);
  readonly #state = signal<ListState>({ kind: "loading" });
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Since they were last looked at. */
  #changes = 0;
  #drawnAtMs = -Infinity;

  constructor(wire: Jobwire) {
    this.#wire = wire;
    this.rates = new RateWatch(wire);
    this.follow();
  }

  /** The newest first. */
  get jobs(): ReadonlySignal<readonly ListedJob[]> {
    return this.#jobs;
  }

  get state(): ReadonlySignal<ListState> {
    return this.#state;
  }

  /** Begins, also anew after it has failed. */
  follow(): void {
    this.#state.value = { kind: "loading" };
    this.#byId.clear();
    this.#follow().catch((error: unknown) => {
      const message = isChannelError(error) ? error.message : String(error);
      this.#state.value = { kind: "failed", message };
    });
  }

  showAll(): void {
    this.search.value = "";
    this.filter.value = "all";
  }

  async #follow(): Promise<void> {
    const changes = this.#wire.watch();
    const first = changes.next();
    // A watch tells what there is, and not that there is nothing.
    void this.#wire.listProcesses({ limit: 1 }).then(
      ({ processes }) => {
        if (processes.length === 0) this.#state.value = { kind: "live" };
      },
      // What is wrong is heard through the watch.
      () => undefined,
    );
    const { value } = await first;
    if (value === undefined) return;
    this.#take(value);
    for await (const change of changes) this.#take(change);
  }

  #take(change: ProcessChange): void {
    if (change.kind === "deleted") this.#byId.delete(change.processId);
    else this.#byId.set(change.process.id, listJob(change.process));
    this.#changes += 1;
    if (this.#timer === undefined) this.#look();
  }

  #look(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const isCrowded = this.#changes > changesMax;
      this.#changes = 0;
      const isDue = performance.now() - this.#drawnAtMs >= crowdedIntervalMs;
      if (!isCrowded || isDue) this.#draw();
      else this.#look();
    }, drawIntervalMs);
  }

  #draw(): void {
    this.#drawnAtMs = performance.now();
    this.#jobs.value = [...this.#byId.values()].sort(compareJobs);
    this.#state.value = { kind: "live" };
  }
}

const lists = new WeakMap<Jobwire, JobList>();

/** The one of a session: who comes back to the list finds it as it is now. */
export function jobListOf(wire: Jobwire): JobList {
  let list = lists.get(wire);
  if (list === undefined) lists.set(wire, (list = new JobList(wire)));
  return list;
}
