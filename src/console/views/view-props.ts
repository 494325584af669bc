import type { Jobwire, ProcessHandle, ReaderState } from "../../client/index.ts";

/** What every view of a channel is given. */
export interface ViewProps {
  readonly wire: Jobwire;
  readonly process: ProcessHandle;
  readonly channel: string;
  /** The job goes on, and whoever looks may write into the channel. */
  readonly mayWrite: boolean;
  /** The job goes on, and whoever looks may type into it. */
  readonly mayType: boolean;
  /** Who started the job: whose side whoever looks is on. */
  readonly submitterId: string;
  /** How far the view has read, at each change. */
  readonly onState: (state: ReaderState) => void;
}
