import { useEffect, useState } from "preact/hooks";
import { isChannelError, type GrantView, type ProcessHandle } from "../../client/index.ts";
import { now } from "../app/clock.ts";
import { formatDuration } from "../app/format.ts";
import { Command } from "./commands-dialog.tsx";
import { CloseButton, Dialog } from "./dialog.tsx";
import { shareLink } from "./share-link.ts";

export interface ShareDialogProps {
  readonly handle: ProcessHandle;
  readonly names: readonly string[];
  readonly channel: string | undefined;
  readonly onClose: () => void;
}

const hourMs = 3_600_000;
const lifetimes = [
  { label: "1 hour", ms: hourMs },
  { label: "1 day", ms: 24 * hourMs },
  { label: "7 days", ms: 7 * 24 * hourMs },
  { label: "30 days", ms: 30 * 24 * hourMs },
] as const;
const everything = "";

/** Makes links that let others look at a job and do nothing else, and takes them back. */
export function ShareDialog({ handle, names, channel, onClose }: ShareDialogProps) {
  const [link, setLink] = useState("");
  const [failure, setFailure] = useState("");
  const [grants, setGrants] = useState<readonly GrantView[]>([]);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setFailure("");
    try {
      await work();
      setGrants(await handle.grants());
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailure(error.message);
    }
  };
  useEffect(() => void attempt(async () => undefined), [handle]);
  const share = (shared: string | undefined, expiresInMs: number): void =>
    void attempt(async () => {
      const channels = shared === undefined ? {} : { channels: [shared] };
      const { grant } = await handle.grant({ ops: ["read"], expiresInMs, ...channels });
      setLink(shareLink(location.href, { grant, processId: handle.id, channel: shared }));
    });
  return (
    <Dialog title="Share" onClose={onClose}>
      <p class="quiet">Whoever has the link may look, and neither type nor cancel.</p>
      <ShareForm names={names} channel={channel} onShare={share} />
      {link !== "" && <Command label="The link. It is shown this once" text={link} />}
      {failure !== "" && (
        <p class="notice notice-bad" role="alert">
          {failure}
        </p>
      )}
      <Grants grants={grants} onRevoke={(id) => void attempt(() => handle.revoke(id))} />
      <CloseButton onClose={onClose} />
    </Dialog>
  );
}

interface ShareFormProps extends Pick<ShareDialogProps, "names" | "channel"> {
  /** With a channel, or all of them. */
  readonly onShare: (channel: string | undefined, expiresInMs: number) => void;
}

function ShareForm({ names, channel, onShare }: ShareFormProps) {
  const [scope, setScope] = useState(channel ?? everything);
  const [lifetimeMs, setLifetimeMs] = useState<number>(lifetimes[1].ms);
  const submit = (event: Event): void => {
    event.preventDefault();
    onShare(scope === everything ? undefined : scope, lifetimeMs);
  };
  return (
    <form class="share-form" onSubmit={submit}>
      <label>
        <span>What</span>
        <select
          class="input"
          value={scope}
          onChange={({ currentTarget }) => setScope(currentTarget.value)}
        >
          <option value={everything}>The whole job</option>
          {names.map((name) => (
            <option key={name} value={name}>
              Only {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>For</span>
        <select
          class="input"
          value={lifetimeMs}
          onChange={({ currentTarget }) => setLifetimeMs(Number(currentTarget.value))}
        >
          {lifetimes.map(({ label, ms }) => (
            <option key={ms} value={ms}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button class="button button-primary" type="submit">
        Make a link
      </button>
    </form>
  );
}

interface GrantsProps {
  readonly grants: readonly GrantView[];
  readonly onRevoke: (id: string) => void;
}

function Grants({ grants, onRevoke }: GrantsProps) {
  if (grants.length === 0) return null;
  return (
    <section class="grants" aria-label="Links that there are">
      <h3>Links that there are</h3>
      <ul>
        {grants.map(({ id, channels, ops, expiresAt, createdBy }) => (
          <li key={id}>
            <span>
              {channels === undefined ? "The whole job" : `Only ${channels.join(", ")}`}
              {ops.some((op) => op !== "read") && (
                <span class="quiet"> · may {ops.join(", ")}</span>
              )}
              <span class="quiet">
                {" "}
                · by {createdBy} ·{" "}
                <span class="grants-left">{formatDuration(expiresAt - now.value)} left</span>
              </span>
            </span>
            <button class="button button-danger" type="button" onClick={() => onRevoke(id)}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
