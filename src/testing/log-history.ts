import type { CrashEvent, LogEvent } from "./history-events.ts";

type Of<Kind extends LogEvent["kind"]> = Extract<LogEvent, { readonly kind: Kind }>;

interface Call {
  readonly name: string;
  readonly contents: readonly string[];
  readonly client: string | undefined;
  readonly producer: string | undefined;
  readonly term: number | undefined;
  /** Place among the calls of its producer. */
  readonly order: number;
  state: "pending" | "acknowledged" | "refused" | "inDoubt" | "lost";
  /** Some try of it is in doubt, so that a refusal of another try settles nothing. */
  wasInDoubt: boolean;
}

/** Checks what was heard of one log. Each entry is looked at once when it is known and once at the end. */
export class LogHistory {
  readonly #report: (problem: string) => void;
  readonly #calls = new Map<string, Call>();
  readonly #pending = new Set<Call>();
  readonly #callOf = new Map<string, { readonly call: Call; readonly index: number }>();
  readonly #orders = new Map<string, number>();
  readonly #contents = new Map<number, string>();
  readonly #positions = new Map<string, number>();
  /** Highest position that was acknowledged or shown to anybody, and to each client. */
  #last = 0;
  readonly #lastOf = new Map<string, number>();
  /** For each fresh read under way: what was known when it was sent. */
  readonly #reads = new Map<string, { readonly last: number; readonly isRemoved: boolean }>();
  /** Highest position behind which a reader was told that there is nothing. */
  #end = -1;
  /** Entries before it may be gone. */
  #trimmable = 1;
  #fences: Of<"fenced">[] = [];
  #sealedAt = Infinity;
  #removal: "none" | "sent" | "done" = "none";
  #mayLose = false;
  /** A crash may have taken the last entries, and nobody has read since where the log ends now. */
  #mayEndEarlier = false;

  constructor(report: (problem: string) => void) {
    this.#report = report;
  }

  observe(event: LogEvent): void {
    switch (event.kind) {
      case "appendSent":
        this.#send(event);
        break;
      case "appendAcknowledged":
        this.#acknowledge(event);
        break;
      case "appendRefused":
        this.#settle(event.call, "refused");
        break;
      case "appendInDoubt":
        this.#settle(event.call, "inDoubt");
        break;
      case "readSent":
        this.#reads.set(event.read, {
          last: this.#last,
          isRemoved: this.#removal === "done",
        });
        break;
      case "readAnswered":
        this.#read(event);
        break;
      case "fenced":
        if (this.#mayEndEarlier) this.#endEarlier(event.next - 1);
        this.#fences.push(event);
        break;
      case "sealed":
        if (this.#mayEndEarlier) this.#endEarlier(event.last);
        this.#sealedAt = Math.min(this.#sealedAt, event.last);
        if (event.last < this.#last)
          this.#report(`was sealed behind ${event.last}, but ${this.#last} is known`);
        break;
      case "removalSent":
        this.#removal = "sent";
        break;
      case "removed":
        this.#removal = "done";
        break;
      case "epochChanged":
        this.#changeEpoch(event);
        break;
    }
  }

  crash({ mayLose }: CrashEvent): void {
    this.#reads.clear();
    if (mayLose) this.#mayLose = true;
    // Also a removal may be lost, and then everything is back as it was.
    if (mayLose && this.#removal === "done") this.#removal = "sent";
    for (const call of this.#pending) this.#settle(call.name, "inDoubt");
  }

  /** Judges what needs all that is known of the log. */
  finish(): void {
    const fences = this.#fences.toSorted((a, b) => a.next - b.next);
    const orders = new Map<string, number>();
    let [term, nextFence] = [0, 0];
    for (let position = 1; position <= this.#last; position++) {
      for (let fence; (fence = fences[nextFence]) && fence.next <= position; nextFence++)
        term = Math.max(term, fence.term);
      const content = this.#contents.get(position);
      const found = content === undefined ? undefined : this.#callOf.get(content);
      if (found === undefined) continue;
      this.#judgePlace(position, found.call, term, orders);
      this.#requireWhole(position, found.call, found.index);
    }
  }

  #send(event: Of<"appendSent">): void {
    const { call: name, contents, client, producer, term } = event;
    this.#trimmable = Math.max(this.#trimmable, event.logicalFirst ?? 0);
    const known = this.#calls.get(name);
    if (known !== undefined) {
      known.state = "pending";
      this.#pending.add(known);
      return;
    }
    const order = (this.#orders.get(producer ?? "") ?? 0) + 1;
    this.#orders.set(producer ?? "", order);
    const call: Call = {
      name,
      contents,
      client,
      producer,
      term,
      order,
      state: "pending",
      wasInDoubt: false,
    };
    this.#calls.set(name, call);
    this.#pending.add(call);
    for (const [index, content] of contents.entries()) this.#callOf.set(content, { call, index });
  }

  #acknowledge({ call: name, positions }: Of<"appendAcknowledged">): void {
    const call = this.#calls.get(name);
    if (call === undefined) return this.#report(`call ${name} was acknowledged but never sent`);
    if (this.#removal === "done")
      this.#report(`call ${name} was acknowledged after the log was removed`);
    if (positions.length !== call.contents.length)
      this.#report(
        `call ${name} has ${call.contents.length} entries and got ${positions.length} positions`,
      );
    this.#settle(name, "acknowledged");
    if (this.#mayEndEarlier) this.#endEarlier((positions[0] ?? 1) - 1);
    for (const [index, position] of positions.entries())
      this.#place(position, call.contents[index] ?? "", `acknowledged of call ${name}`);
    this.#remember(call.client, positions.at(-1) ?? 0);
  }

  #settle(name: string, state: "acknowledged" | "refused" | "inDoubt"): void {
    const call = this.#calls.get(name);
    if (call === undefined) return this.#report(`call ${name} was answered but never sent`);
    this.#pending.delete(call);
    if (state === "inDoubt") call.wasInDoubt = true;
    call.state = state === "refused" && call.wasInDoubt ? "inDoubt" : state;
  }

  #read(event: Of<"readAnswered">): void {
    const { client, after, entries, gap, read } = event;
    const sent = read === undefined ? undefined : this.#reads.get(read);
    if (read !== undefined) this.#reads.delete(read);
    const known = Math.max(this.#lastOf.get(client) ?? 0, sent?.last ?? 0);
    if (gap !== undefined) this.#requireGap(after, gap.first);
    let next = gap?.first ?? after + 1;
    for (const { position, content } of entries) {
      if (position !== next)
        this.#report(`${client} read ${position} where ${next} was next, after ${after}`);
      next = position + 1;
      this.#place(position, content, `read by ${client} after ${after}`);
    }
    if (sent?.isRemoved === true && entries.length > 0)
      this.#report(`${client} read entries of a log that was removed`);
    // Who asks for what is after a position has not seen it.
    if (entries.length > 0 || gap !== undefined) this.#remember(client, next - 1);
    if (event.isEnd && this.#mayEndEarlier) {
      // Who asks for what is behind the end does not hear where that is.
      if (next - 1 === (this.#lastOf.get(client) ?? 0)) this.#endEarlier(next - 1);
      return;
    }
    if (!event.isEnd || this.#removal !== "none") return;
    if (next <= this.#last + 1) this.#end = Math.max(this.#end, next - 1);
    if (next <= known)
      this.#report(
        `${client} was told that the log ends behind ${next - 1}, but ${known} was acknowledged or shown`,
      );
  }

  #requireGap(after: number, first: number): void {
    if (first <= after + 1)
      this.#report(
        `a gap up to ${first} was reported to a reader after ${after}, who misses nothing`,
      );
    if (first > this.#trimmable)
      this.#report(
        `entries before ${first} are gone, but only those before ${this.#trimmable} may`,
      );
  }

  #place(position: number, content: string, how: string): void {
    const there = this.#contents.get(position);
    const elsewhere = this.#positions.get(content);
    if (there !== undefined && there !== content)
      this.#report(`position ${position} was ${there} and is now ${content} (${how})`);
    if (elsewhere !== undefined && elsewhere !== position)
      this.#report(`${content} is at position ${elsewhere} and again at ${position} (${how})`);
    if (!this.#callOf.has(content))
      this.#report(`position ${position} is ${content}, which nobody sent (${how})`);
    if (position > this.#sealedAt)
      this.#report(`${content} is at ${position}, behind the seal at ${this.#sealedAt} (${how})`);
    this.#contents.set(position, content);
    this.#positions.set(content, position);
    this.#last = Math.max(this.#last, position);
  }

  #remember(client: string | undefined, position: number): void {
    if (client !== undefined && position > (this.#lastOf.get(client) ?? 0))
      this.#lastOf.set(client, position);
  }

  #judgePlace(position: number, call: Call, term: number, orders: Map<string, number>): void {
    const what = `position ${position}, of call ${call.name},`;
    if (call.state === "refused" || call.state === "lost")
      this.#report(`${what} is there, but the call was ${call.state}`);
    if (call.term !== undefined && call.term < term)
      this.#report(`${what} has term ${call.term}, behind a fence of term ${term}`);
    if (call.producer === undefined) return;
    if (call.order < (orders.get(call.producer) ?? 0))
      this.#report(`${what} comes after a later call of producer ${call.producer}`);
    orders.set(call.producer, call.order);
  }

  /** The neighbour of an entry within its call has to be its neighbour in the log. */
  #requireWhole(position: number, call: Call, index: number): void {
    for (const step of [-1, 1]) {
      const content = call.contents[index + step];
      const place = position + step;
      if (content === undefined || this.#positions.get(content) === place) continue;
      const isOther = this.#contents.has(place);
      const isMissing = place > this.#last && place >= this.#trimmable && this.#end === this.#last;
      if (isOther || isMissing)
        this.#report(`call ${call.name} is there by half: ${content} is not at ${place}`);
    }
  }

  #changeEpoch({ epoch }: Of<"epochChanged">): void {
    if (!this.#mayLose && this.#last > 0)
      this.#report(`has the new epoch ${epoch}, but nothing could be lost`);
    this.finish();
    this.#mayLose = false;
    this.#mayEndEarlier = true;
    this.#lastOf.clear();
    this.#end = -1;
  }

  /** What was behind it is lost; what was done behind it may be. */
  #endEarlier(last: number): void {
    this.#mayEndEarlier = false;
    for (let position = last + 1; position <= this.#last; position++) {
      const content = this.#contents.get(position) ?? "";
      this.#contents.delete(position);
      this.#positions.delete(content);
      const lost = this.#callOf.get(content)?.call;
      if (lost !== undefined) lost.state = "lost";
      if (lost?.contents.some((other) => (this.#positions.get(other) ?? Infinity) <= last) === true)
        this.#report(`call ${lost.name} is there by half: ${content} is lost`);
    }
    this.#last = Math.min(this.#last, last);
    this.#fences = this.#fences.filter(({ next }) => next <= last);
    this.#sealedAt = Infinity;
  }
}
