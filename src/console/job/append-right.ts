import { useEffect, useState } from "preact/hooks";
import type { ChannelView } from "../../client/index.ts";
import { mayAppend, session } from "../app/session.ts";

/**
 * Whether whoever looks may write into channels that are for the submitter's side. Of a link that was shared its
 * maker may have said so in it; else the server is asked, once there is something to write into.
 */
export function useAppendRight(processId: string, channels: readonly ChannelView[]): boolean {
  const [isAllowed, setAllowed] = useState(false);
  const { value } = session;
  const isGrant = value.kind === "in" && value.grantProcessId !== undefined;
  const asked = channels.find(({ spec }) => spec.writers !== "executor")?.spec.name;
  useEffect(() => {
    if (!isGrant || asked === undefined) return;
    let isWanted = true;
    void mayAppend(processId, asked).then((isSo) => {
      if (isWanted) setAllowed(isSo);
    });
    return () => (isWanted = false);
  }, [value, processId, asked]);
  return isGrant ? isAllowed : value.kind === "in";
}
