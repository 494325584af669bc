import type { Revision } from "../core/store.ts";
import type { RegisterEvent } from "./history-events.ts";

interface Version {
  readonly value: string | undefined;
  readonly revision: Revision | undefined;
  /** The change that made it. */
  readonly change: string | undefined;
}

interface PendingChange {
  readonly expected: Revision | undefined;
  readonly value: string | undefined;
  /** Crashes that came before it was sent. */
  readonly crashCount: number;
}

type Report = (problem: string) => void;

/** Checks that a thing with revisions has one line of versions, of which none is lost and none comes back. */
export class RegisterHistory {
  readonly #report: Report;
  readonly #versions: Version[] = [{ value: undefined, revision: undefined, change: undefined }];
  readonly #places = new Map<Revision, number>();
  readonly #pending = new Map<string, PendingChange>();
  /** For each look: the newest version when it was sent. */
  readonly #looks = new Map<string, number>();
  /** Changes that were seen before they were answered. */
  readonly #seen = new Set<string>();
  #crashCount = 0;
  #mayLose = false;

  constructor(report: Report) {
    this.#report = report;
  }

  observe(event: RegisterEvent): void {
    switch (event.kind) {
      case "changeSent":
        this.#pending.set(event.change, { ...event, crashCount: this.#crashCount });
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
        this.#look(event.look, event.value, event.revision);
        break;
    }
  }

  crash(mayLose: boolean): void {
    this.#crashCount++;
    this.#looks.clear();
    if (mayLose) this.#mayLose = true;
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
    this.#add({ value: pending.value, revision, change });
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

  #look(look: string, value: string | undefined, revision: Revision | undefined): void {
    const since = this.#looks.get(look) ?? this.#versions.length - 1;
    this.#looks.delete(look);
    if (this.#mayLose) this.#restart(value, revision);
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
      const found = this.#findPending((pending) => pending.value === value);
      if (found === undefined) {
        const newest = nameOf(this.#current.revision);
        this.#report(`revision ${revision} is no change that was made to ${newest}: ${value}`);
      } else {
        this.#seen.add(found);
        this.#add({ value, revision, change: found });
      }
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
    if (this.#current.revision === undefined) return true;
    const removal = this.#findPending((pending) => pending.value === undefined);
    if (removal === undefined) return false;
    this.#seen.add(removal);
    this.#add({ value: undefined, revision: undefined, change: removal });
    return true;
  }

  #findPending(isIt: (pending: PendingChange) => boolean): string | undefined {
    for (const [change, pending] of this.#pending)
      if (pending.expected === this.#current.revision && !this.#seen.has(change) && isIt(pending))
        return change;
    return undefined;
  }

  #add(version: Version): void {
    if (version.revision !== undefined) {
      if (this.#places.has(version.revision))
        this.#report(`revision ${version.revision} was given twice`);
      this.#places.set(version.revision, this.#versions.length);
    }
    this.#versions.push(version);
  }

  /** What a machine crash left of it is the new beginning. */
  #restart(value: string | undefined, revision: Revision | undefined): void {
    this.#mayLose = false;
    this.#versions.push({ value, revision, change: undefined });
    if (revision !== undefined) this.#places.set(revision, this.#versions.length - 1);
  }
}

function nameOf(revision: Revision | undefined): string {
  return revision === undefined ? "nothing" : `revision ${revision}`;
}
