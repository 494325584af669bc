import type { System } from "../../core/system.ts";
import type { JetStream } from "./jet-stream.ts";
import type { Subjects } from "./subjects.ts";

/** What all parts of one store work with. */
export interface JetStreamContext {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  readonly system: System;
  /** Time after which a write without an answer is given up as in doubt, in milliseconds. */
  readonly settleMs: number;
  readonly reportError: (error: unknown, stage: string) => void;
}
