import type { ProcessHandle, ReaderState } from "../../client/index.ts";

/** What every view of a channel is given. */
export interface ViewProps {
  readonly process: ProcessHandle;
  readonly channel: string;
  /** How far the view has read, at each change. */
  readonly onState: (state: ReaderState) => void;
}
