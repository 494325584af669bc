import { useEffect, useState } from "preact/hooks";
import type { Jobwire, ProcessView } from "../../client/index.ts";

export interface JobPageProps {
  readonly wire: Jobwire;
  readonly processId: string;
  /** The one channel that is shown; all of them without it. */
  readonly channel?: string | undefined;
  /** How the channel is shown; chosen by what is in it without one. */
  readonly view?: string | undefined;
}

/** One job: its state, its channels, and what can be done about it. */
export function JobPage({ wire, processId }: JobPageProps) {
  const [process, setProcess] = useState<ProcessView>();
  useEffect(() => {
    const stop = new AbortController();
    void follow(wire, processId, { signal: stop.signal, onChange: setProcess });
    return () => stop.abort();
  }, [wire, processId]);
  return <h1>{process?.label || processId}</h1>;
}

interface FollowOptions {
  readonly signal: AbortSignal;
  readonly onChange: (process: ProcessView) => void;
}

async function follow(wire: Jobwire, id: string, { signal, onChange }: FollowOptions) {
  try {
    for await (const process of wire.process(id).watch({ signal })) onChange(process);
  } catch {
    // Refused: what was known of it stays.
  }
}
