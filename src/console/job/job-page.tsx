import type { ChannelError, Jobwire } from "../../client/index.ts";
import { JobChannels } from "./job-channels.tsx";
import { JobHeader } from "./job-header.tsx";
import { isLackOfAuthority } from "./outcome-text.ts";
import { useProcess } from "./use-process.ts";
import "../views/ansi.css";
import "../views/view.css";
import "./job.css";

export interface JobPageProps {
  readonly wire: Jobwire;
  readonly processId: string;
  /** The one channel that is shown; all of them without it. */
  readonly channel?: string | undefined;
  /** How the channel is shown; chosen by what is in it without one. */
  readonly view?: string | undefined;
}

/** One job: its state, its channels, and what can be done about it. */
export function JobPage({ wire, processId, channel, view }: JobPageProps) {
  const known = useProcess(wire, processId);
  switch (known.kind) {
    case "loading":
      return <Message title={processId} text="Loading …" />;
    case "gone":
      return <Message title={processId} text="There is no such job, or it was deleted." />;
    case "refused":
      return <Message title={processId} text={textOfRefusal(known.error)} />;
    case "known":
      return (
        <section class="job" aria-labelledby="job-name">
          <JobHeader known={known} channel={channel} />
          <JobChannels wire={wire} known={known} channel={channel} view={view} />
        </section>
      );
  }
}

function textOfRefusal({ code, message }: ChannelError): string {
  return isLackOfAuthority(code) ? "You may not look at this job." : message;
}

function Message({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <section class="job-message">
      <h1>{title}</h1>
      <p role="status">{text}</p>
    </section>
  );
}
