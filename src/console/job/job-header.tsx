import { useState } from "preact/hooks";
import { now } from "../app/clock.ts";
import { formatDuration } from "../app/format.ts";
import { CancelDialog } from "./cancel-dialog.tsx";
import { CommandsDialog } from "./commands-dialog.tsx";
import { CopyButton } from "./copy-button.tsx";
import { detailOfOutcome, lookOfProcess } from "./outcome-text.ts";
import { isReader } from "./reader-session.ts";
import { ShareDialog } from "./share-dialog.tsx";
import type { KnownProcess } from "./use-process.ts";

export interface JobHeaderProps {
  readonly known: Extract<KnownProcess, { kind: "known" }>;
  readonly channel: string | undefined;
}

type OpenDialog = "cancel" | "commands" | "share" | undefined;

export function JobHeader({ known, channel }: JobHeaderProps) {
  const { handle, view, channels } = known;
  const [open, setOpen] = useState<OpenDialog>();
  const close = (): void => setOpen(undefined);
  const { dot, text } = lookOfProcess(view);
  const detail = detailOfOutcome(view);
  const names = channels.map(({ spec }) => spec.name);
  const mayAct = !isReader.value;
  return (
    <header class="job-header">
      <div class="job-title">
        <h1 id="job-name">{view.label === "" ? view.id : view.label}</h1>
        <span class="job-state" role="status">
          <span class={`dot ${dot}`} />
          {text}
          {detail !== "" && <span class="quiet">{detail}</span>}
        </span>
      </div>
      <div class="job-actions">
        <button class="button" type="button" onClick={() => setOpen("commands")}>
          Commands
        </button>
        {mayAct && (
          <button class="button" type="button" onClick={() => setOpen("share")}>
            Share
          </button>
        )}
        {mayAct && view.state !== "closed" && (
          <button
            class="button button-danger"
            type="button"
            disabled={view.cancelRequest !== undefined && view.state === "running"}
            onClick={() => setOpen("cancel")}
          >
            Cancel job
          </button>
        )}
      </div>
      <JobFacts known={known} />
      {open === "cancel" && <CancelDialog handle={handle} onClose={close} />}
      {open === "commands" && (
        <CommandsDialog processId={view.id} names={names} channel={channel} onClose={close} />
      )}
      {open === "share" && (
        <ShareDialog handle={handle} names={names} channel={channel} onClose={close} />
      )}
    </header>
  );
}

function JobFacts({ known: { view } }: Pick<JobHeaderProps, "known">) {
  const { createdAt, startedAt, closedAt, executorId, submitterId } = view;
  const begin = startedAt ?? createdAt;
  const lasted = formatDuration((closedAt ?? now.value) - begin);
  return (
    <dl class="job-facts">
      <div>
        <dt>Id</dt>
        <dd class="mono">
          {view.id}
          <CopyButton text={view.id} label="Copy the id" />
        </dd>
      </div>
      <div>
        <dt>
          {closedAt === undefined
            ? startedAt === undefined
              ? "Waits for"
              : "Runs for"
            : "Ran for"}
        </dt>
        <dd title={new Date(begin).toLocaleString()}>{lasted}</dd>
      </div>
      {closedAt !== undefined && (
        <div>
          <dt>Ended</dt>
          <dd title={new Date(closedAt).toLocaleString()}>
            {formatDuration(now.value - closedAt)} ago
          </dd>
        </div>
      )}
      <div>
        <dt>Executor</dt>
        <dd class="mono">{executorId === "" ? "none yet" : executorId}</dd>
      </div>
      <div>
        <dt>Submitter</dt>
        <dd class="mono">{submitterId}</dd>
      </div>
    </dl>
  );
}
