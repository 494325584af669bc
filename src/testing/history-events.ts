import type { Revision } from "../core/store.ts";

/** One entry as a client knows it: what was to be in it, in a form that no other entry of the log shares. */
export interface SeenEntry {
  readonly position: number;
  readonly content: string;
}

/** What clients did to a log and heard of it. Every event names the log: a channel of one life of a process. */
export type LogEvent =
  /**
   * A call that is to be added as a whole or not at all. Sent again under the same name it is a retry. Calls of
   * one producer are sent in the order in which they are to be in the log; without a producer order is nobody's.
   */
  | {
      readonly kind: "appendSent";
      readonly log: string;
      readonly call: string;
      readonly contents: readonly string[];
      readonly client?: string;
      readonly producer?: string;
      /** Term under which it was sent. */
      readonly term?: number;
      /** First position that it allows to be kept: what is before may go. */
      readonly logicalFirst?: number;
    }
  | {
      readonly kind: "appendAcknowledged";
      readonly log: string;
      readonly call: string;
      /** Position of each of the contents. */
      readonly positions: readonly number[];
    }
  | {
      readonly kind: "appendRefused" | "appendInDoubt";
      readonly log: string;
      readonly call: string;
    }
  /** A read that is to be fresh: what was acknowledged or shown before this must be in it. */
  | { readonly kind: "readSent"; readonly log: string; readonly read: string }
  | {
      readonly kind: "readAnswered";
      readonly log: string;
      readonly client: string;
      readonly after: number;
      readonly entries: readonly SeenEntry[];
      /** The reader was told that there was nothing behind these entries yet. */
      readonly isEnd: boolean;
      /** The reader was told that entries are gone, and which is the first kept one. */
      readonly gap?: { readonly first: number };
      /** Name given in `readSent`; without one the read need only be as new as what this client saw before. */
      readonly read?: string;
    }
  /** A change of authority has returned: from position `next` on there is nothing of a lower term. */
  | {
      readonly kind: "fenced";
      readonly log: string;
      readonly term: number;
      readonly next: number;
    }
  /** The log ended behind this position. */
  | { readonly kind: "sealed"; readonly log: string; readonly last: number }
  /** From now on the log may be gone; and, once it was removed, nothing of it is ever read again. */
  | { readonly kind: "removalSent" | "removed"; readonly log: string }
  /**
   * Entries that were shown may be gone, the last ones first, and positions behind those that are left may come
   * to be others: legal only after a crash that may lose something.
   */
  | { readonly kind: "epochChanged"; readonly log: string; readonly epoch: string };

/**
 * What clients did to something that is replaced at its revision, such as a process record or the head of a log,
 * and heard of it. Values are compared as text; none means that there is nothing.
 */
export type RegisterEvent =
  | {
      readonly kind: "changeSent";
      readonly register: string;
      readonly change: string;
      readonly expected: Revision | undefined;
      readonly value: string | undefined;
    }
  | {
      readonly kind: "changeAcknowledged";
      readonly register: string;
      readonly change: string;
      readonly revision: Revision | undefined;
    }
  | {
      readonly kind: "changeRefused";
      readonly register: string;
      readonly change: string;
      /** Refused because something else than the expected revision was found. */
      readonly isConflict: boolean;
    }
  | { readonly kind: "changeInDoubt"; readonly register: string; readonly change: string }
  | { readonly kind: "lookSent"; readonly register: string; readonly look: string }
  | {
      readonly kind: "lookAnswered";
      readonly register: string;
      readonly look: string;
      readonly value: string | undefined;
      readonly revision: Revision | undefined;
      /** After a crash that may lose something: the store itself has written this value again. */
      readonly isRewritten?: boolean;
    };

/** Everything that was running ended; what was under way is in doubt. */
export interface CrashEvent {
  readonly kind: "crashed";
  /**
   * The machine stopped under a store that promises less than to keep what it acknowledged. What is lost is the
   * last that was done: nothing is kept that was begun after something else was acknowledged and lost.
   */
  readonly mayLose: boolean;
  /** Events since the beginning, crashes not counted: what was acknowledged or shown by them is kept even so. */
  readonly keptEvents?: number;
}

export type HistoryEvent = LogEvent | RegisterEvent | CrashEvent;
