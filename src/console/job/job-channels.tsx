import { useEffect, useState } from "preact/hooks";
import type { Jobwire } from "../../client/index.ts";
import { encodeRoute } from "../app/route.ts";
import { useAppendRight } from "./append-right.ts";
import { ChannelPane } from "./channel-pane.tsx";
import { isPlumbing, orderChannels, shownTogether } from "./channel-order.ts";
import { InputLine } from "./input-line.tsx";
import type { KnownProcess } from "./use-process.ts";

export interface JobChannelsProps {
  readonly wire: Jobwire;
  readonly known: Extract<KnownProcess, { kind: "known" }>;
  readonly channel: string | undefined;
  readonly view: string | undefined;
}

/** From here on there is room for channels beside each other. */
const wideQuery = "(min-width: 960px)";
/** What shows the effect of what is typed. */
const besideInput: readonly string[] = ["stdin", "stdout", "stderr"];

/** The channels: one of them, or on a wide screen those that matter beside each other. */
export function JobChannels({ wire, known, channel, view }: JobChannelsProps) {
  const { handle, view: process, channels } = known;
  const isWide = useMedia(wideQuery);
  const names = orderChannels(channels.map(({ spec }) => spec.name));
  const together = shownTogether(names);
  const chosen = channel !== undefined && names.includes(channel) ? channel : undefined;
  const shown = chosen === undefined ? (isWide ? together : together.slice(0, 1)) : [chosen];
  const showsAll = shown.length > 1;
  const input = channels.find(({ spec }) => spec.name === "stdin");
  const mayAppend = useAppendRight(process.id, channels) && process.state !== "closed";
  const mayType = mayAppend && input !== undefined && input.spec.writers !== "executor";
  if (names.length === 0)
    return <p class="job-message quiet">This job has no channel that you may read.</p>;
  return (
    <>
      <nav class="tabs" aria-label="Channels">
        {isWide && together.length > 1 && (
          <Tab href={encodeRoute({ page: "job", processId: process.id })} isCurrent={showsAll}>
            All
          </Tab>
        )}
        {names.map((name) => (
          <Tab
            key={name}
            href={encodeRoute({ page: "job", processId: process.id, channel: name })}
            isCurrent={!showsAll && shown.includes(name)}
            isQuiet={isPlumbing(name)}
          >
            {name}
          </Tab>
        ))}
      </nav>
      <div class="panes" data-count={shown.length}>
        {shown.map((name) => (
          <ChannelPane
            key={name}
            wire={wire}
            handle={handle}
            process={process}
            channel={channels.find(({ spec }) => spec.name === name)}
            view={chosen === name ? view : undefined}
            hasTitle={shown.length > 1}
            mayAppend={mayAppend}
            mayType={mayType}
          />
        ))}
      </div>
      {mayType && shown.some((name) => besideInput.includes(name)) && <InputLine handle={handle} />}
    </>
  );
}

interface TabProps {
  readonly href: string;
  readonly isCurrent: boolean;
  readonly isQuiet?: boolean;
  readonly children: string;
}

function Tab({ href, isCurrent, isQuiet = false, children }: TabProps) {
  return (
    <a
      class={`tab${isQuiet ? " tab-quiet" : ""}`}
      href={href}
      aria-current={isCurrent ? "page" : undefined}
    >
      {children}
    </a>
  );
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = (): void => setMatches(list.matches);
    look();
    list.addEventListener("change", look);
    return () => list.removeEventListener("change", look);
  }, [query]);
  return matches;
}
