import type { Revision } from "../core/store.ts";
import type { CrashEvent, RegisterEvent } from "./history-events.ts";
import type { LostSuffix } from "./lost-suffix.ts";

interface Version {
  readonly value: string | undefined;
  readonly revision: Revision | undefined;
  /** The change that made it. */
  readonly change: string | undefined;
  /** Events by which its change was sent, and somebody knew that it was made. */
  readonly sentAt: number;
  readonly knownAt: number;
}

interface PendingChange {
  readonly expected: Revision | undefined;
  readonly value: string | undefined;
  /** Crashes that came before it was sent. */
  readonly crashCount: number;
  readonly sentAt: number;
}

type Looked = Extract<RegisterEvent, { readonly kind: "lookAnswered" }>;

type Report = (problem: string) => void;

/** Checks that a thing with revisions has one line of versions, of which none is lost and none comes back. */
export class RegisterHistory {
  readonly #name: string;
  readonly #report: Report;
  readonly #lostSuffix: LostSuffix;
  readonly #versions: Version[] = [
    { value: undefined, revision: undefined, change: undefined, sentAt: 0, knownAt: 0 },
  ];
  readonly #places = new Map<Revision, number>();
  readonly #pending = new Map<string, PendingChange>();
  /** For each look: the newest version when it was sent. */
  readonly #looks = new Map<string, number>();
  /** Changes that were seen before they were answered. */
  readonly #seen = new Set<string>();
  #crashCount = 0;
  #mayLose = false;
  /** What was known by then is kept even so. */
  #keptEvents = 0;
  #now = 0;

  constructor(name: string, report: Report, lostSuffix: LostSuffix) {
    this.#name = name;
    this.#report = report;
    this.#lostSuffix = lostSuffix;
  }

  /** `at` is the number of the event among all. */
  observe(event: RegisterEvent, at: number): void {
    this.#now = at;
    switch (event.kind) {
      case "changeSent":
        this.#pending.set(event.change, { ...event, crashCount: this.#crashCount, sentAt: at });
        break;
      case "changeAcknowledged":
        this.#acknowledge(event.change, event.revision);
        break;
      case "changeRefused":
        this.#refuse(event.change, event.isConflict);
        break;
      case "changeInDoubt":
        break;
      case "lookSent":
        this.#looks.set(event.look, this.#versions.length - 1);
        break;
      case "lookAnswered":
        this.#look(event);
        break;
    }
  }

  crash({ mayLose, keptEvents = 0 }: CrashEvent): void {
    this.#crashCount++;
    this.#looks.clear();
    if (!mayLose) return;
    this.#keptEvents = this.#mayLose ? Math.min(this.#keptEvents, keptEvents) : keptEvents;
    this.#mayLose = true;
  }

  get #current(): Version {
    return this.#versions[this.#versions.length - 1] as Version;
  }

  #acknowledge(change: string, revision: Revision | undefined): void {
    const pending = this.#pending.get(change);
    this.#pending.delete(change);
    if (pending === undefined) {
      this.#report(`change ${change} was acknowledged, but cannot have been made any more`);
      return;
    }
    if (this.#seen.has(change)) {
      const version = this.#versions[this.#places.get(revision ?? "") ?? -1];
      if (revision !== undefined && version?.change !== change)
        this.#report(`change ${change} was seen at another revision than ${revision}`);
      return;
    }
    if (pending.expected === undefined) this.#findRemoval();
    if (this.#current.revision !== pending.expected) {
      const [expected, current] = [pending.expected, this.#current.revision].map(nameOf);
      this.#report(`change ${change} expected ${expected} and was acknowledged at ${current}`);
    }
    this.#add({ value: pending.value, revision, change }, pending.sentAt);
  }

  #refuse(change: string, isConflict: boolean): void {
    const pending = this.#pending.get(change);
    this.#pending.delete(change);
    if (this.#seen.has(change)) this.#report(`change ${change} was refused, but had been seen`);
    if (!isConflict || pending === undefined || this.#mayLose) return;
    if (pending.expected !== this.#current.revision) return;
    if (this.#findPending(() => true) === undefined)
      this.#report(
        `change ${change} got a conflict at ${nameOf(pending.expected)}, the current one`,
      );
  }

  #look(event: Looked): void {
    const { look, value, revision } = event;
    const since = this.#looks.get(look) ?? this.#versions.length - 1;
    this.#looks.delete(look);
    if (this.#mayLose) this.#restart(event);
    else if (revision === undefined) this.#lookAtNothing(since);
    else this.#lookAtVersion(since, value, revision);
    // Whatever a crash left in doubt has now happened or never will.
    for (const [change, { crashCount }] of this.#pending)
      if (crashCount < this.#crashCount) this.#pending.delete(change);
  }

  #lookAtNothing(since: number): void {
    if (this.#versions.slice(since).some((version) => version.revision === undefined)) return;
    if (this.#findRemoval()) return;
    this.#report(`${nameOf(this.#current.revision)} is gone`);
  }

  #lookAtVersion(since: number, value: string | undefined, revision: Revision): void {
    const place = this.#places.get(revision);
    if (place === undefined) {
      if (this.#findChange(value, revision)) return;
      const newest = nameOf(this.#current.revision);
      this.#report(`revision ${revision} is no change that was made to ${newest}: ${value}`);
    } else if (this.#versions[place]?.value !== value)
      this.#report(
        `revision ${revision} was ${this.#versions[place]?.value} and is now ${value ?? "nothing"}`,
      );
    else if (place < since)
      this.#report(
        `went back to revision ${revision} from ${nameOf(this.#versions[since]?.revision)}`,
      );
  }

  /** A removal that nobody has heard of yet, but that must have happened. */
  #findRemoval(): boolean {
    return this.#current.revision === undefined || this.#findChange(undefined, undefined);
  }

  /** A change to the newest version that nobody has heard of yet, and that is now known to have happened. */
  #findChange(value: string | undefined, revision: Revision | undefined): boolean {
    const change = this.#findPending((pending) => pending.value === value);
    if (change === undefined) return false;
    this.#seen.add(change);
    this.#add({ value, revision, change }, this.#pending.get(change)?.sentAt ?? 0);
    return true;
  }

  #findPending(isIt: (pending: PendingChange) => boolean): string | undefined {
    for (const [change, pending] of this.#pending)
      if (pending.expected === this.#current.revision && !this.#seen.has(change) && isIt(pending))
        return change;
    return undefined;
  }

  #add(version: Pick<Version, "value" | "revision" | "change">, sentAt: number): void {
    if (version.revision !== undefined) {
      if (this.#places.has(version.revision))
        this.#report(`revision ${version.revision} was given twice`);
      this.#places.set(version.revision, this.#versions.length);
    }
    this.#versions.push({ ...version, sentAt, knownAt: this.#now });
  }

  /** What a machine crash left of it: an earlier version, and nothing of the later ones. */
  #restart(event: Looked): void {
    this.#mayLose = false;
    const { value, revision } = event;
    const place = this.#placeLeft(event);
    const left = this.#versions[place];
    if (left === undefined || left.value !== value)
      return this.#report(`${nameOf(revision)} after a crash is no version that was: ${value}`);
    const lost = this.#versions.splice(place + 1);
    for (const version of lost)
      if (version.revision !== undefined) this.#places.delete(version.revision);
    // What was before nothing may be lost as well, and its revisions given again.
    if (revision === undefined) this.#places.clear();
    // Nothing is what there was before the first change as well.
    if (left.change !== undefined && revision !== undefined)
      this.#lostSuffix.keep(`${this.#name}: ${left.change}`, left.sentAt);
    if (left.revision !== revision)
      this.#add({ value, revision, change: left.change }, left.sentAt);
    if (lost[0] !== undefined) this.#lose(lost[0]);
  }

  #lose({ change, knownAt }: Version): void {
    const what = `${this.#name}: ${change}`;
    this.#lostSuffix.lose(what, knownAt);
    if (knownAt <= this.#keptEvents)
      this.#report(`change ${change} is lost, which was safe by then`);
  }

  #placeLeft({ value, revision, isRewritten = false }: Looked): number {
    // Revisions that are lost may be given again.
    const known = revision === undefined || isRewritten ? undefined : this.#places.get(revision);
    if (known !== undefined) return known;
    if (revision === undefined ? this.#findRemoval() : this.#findChange(value, revision))
      return this.#versions.length - 1;
    if (revision !== undefined && !isRewritten) return -1;
    return this.#versions.findLastIndex((version) => version.value === value);
  }
}

function nameOf(revision: Revision | undefined): string {
  return revision === undefined ? "nothing" : `revision ${revision}`;
}
