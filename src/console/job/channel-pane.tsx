import { useEffect, useRef, useState } from "preact/hooks";
import type {
  ChannelView,
  Jobwire,
  ProcessHandle,
  ProcessView,
  ReaderState,
} from "../../client/index.ts";
import { encodeRoute } from "../app/route.ts";
import { navigate } from "../app/router.ts";
import { guessView } from "../views/guess-view.ts";
import { isViewName, viewLabels, viewNames, type ViewName } from "../views/view-names.ts";
import { LoadedView } from "../views/loaded-view.tsx";
import { isReader } from "./reader-session.ts";
import { SaveButton } from "./save-button.tsx";
import { lookOfReader } from "./outcome-text.ts";

export interface ChannelPaneProps {
  readonly wire: Jobwire;
  readonly handle: ProcessHandle;
  readonly process: ProcessView;
  readonly channel: ChannelView | undefined;
  readonly view: string | undefined;
  readonly hasTitle: boolean;
  /** Into the program's input. */
  readonly mayType: boolean;
}

/** One channel, in one of the forms that it can be looked at in. */
export function ChannelPane({
  wire,
  handle,
  process,
  channel,
  view,
  hasTitle,
  mayType,
}: ChannelPaneProps) {
  const name = channel?.spec.name ?? "";
  const guessed = useGuessedView(handle, channel);
  const [chosen, setChosen] = useState<ViewName>();
  const [state, setState] = useState<ReaderState>({ kind: "connecting" });
  if (channel === undefined) return null;
  const { writers } = channel.spec;
  const mayWrite = process.state !== "closed" && writers !== "executor" && !isReader.value;
  const asked = view !== undefined && isViewName(view) ? view : chosen;
  const shown = asked ?? guessed;
  const choose = (next: ViewName): void => {
    setChosen(next);
    // In the address it outlives a reload; beside others there is no address for each.
    if (!hasTitle)
      navigate(
        { page: "job", processId: process.id, channel: name, view: next },
        { replace: true },
      );
  };
  return (
    <section class="pane" aria-label={`Channel ${name}`}>
      <header class="pane-header">
        {hasTitle && (
          <h2 class="pane-title">
            <a href={encodeRoute({ page: "job", processId: process.id, channel: name })}>{name}</a>
          </h2>
        )}
        <select
          class="view-select"
          aria-label={`View of ${name}`}
          value={shown ?? "text"}
          onChange={({ currentTarget: { value } }) => isViewName(value) && choose(value)}
        >
          {viewNames.map((value) => (
            <option key={value} value={value}>
              {viewLabels[value]}
            </option>
          ))}
        </select>
        <ReaderBadge state={state} />
        <SaveButton handle={handle} channel={name} />
      </header>
      {shown !== undefined && (
        <LoadedView
          key={`${name} ${shown}`}
          name={shown}
          wire={wire}
          process={handle}
          channel={name}
          mayWrite={mayWrite}
          mayType={mayType}
          submitterId={process.submitterId}
          onState={setState}
        />
      )}
    </section>
  );
}

function useGuessedView(handle: ProcessHandle, channel: ChannelView | undefined) {
  const [guessed, setGuessed] = useState<ViewName>();
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    if (channel !== undefined)
      void guessView(handle, channel, signal).then((guess) => {
        if (!signal.aborted) setGuessed(guess);
      });
    return () => ending.abort();
  }, [handle, channel?.spec.name]);
  return guessed;
}

function ReaderBadge({ state }: { readonly state: ReaderState }) {
  const hasBeenLive = useRef(false);
  if (state.kind !== "connecting") hasBeenLive.current = true;
  const { dot, text } = lookOfReader(state, hasBeenLive.current);
  return (
    <span class="pane-state" role="status">
      <span class={`dot ${dot}`} />
      {text}
    </span>
  );
}
