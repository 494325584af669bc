import type { Jobwire } from "../../client/index.ts";

export interface JobPageProps {
  readonly wire: Jobwire;
  readonly processId: string;
  /** The one channel that is shown; all of them without it. */
  readonly channel?: string | undefined;
  /** How the channel is shown; chosen by what is in it without one. */
  readonly view?: string | undefined;
}

/** One job: its state, its channels, and what can be done about it. */
export function JobPage({ processId }: JobPageProps) {
  return <h1>{processId}</h1>;
}
