import { useSignal, type ReadonlySignal } from "@preact/signals";
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
import { SaveButton } from "./save-button.tsx";
import { lookOfReader } from "./outcome-text.ts";

export interface ChannelPaneProps {
  readonly wire: Jobwire;
  readonly handle: ProcessHandle;
  readonly process: ProcessView;
  readonly channel: ChannelView | undefined;
  readonly view: string | undefined;
  readonly hasTitle: boolean;
  /** The job goes on, and whoever looks may write what the submitter's side may. */
  readonly mayAppend: boolean;
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
  mayAppend,
  mayType,
}: ChannelPaneProps) {
  const name = channel?.spec.name ?? "";
  const guessed = useGuessedView(handle, channel);
  const [chosen, setChosen] = useState<ViewName>();
  // Told often: a signal redraws the badge, and not the view with it.
  const state = useSignal<ReaderState>({ kind: "connecting" });
  if (channel === undefined) return null;
  const { writers } = channel.spec;
  const mayWrite = mayAppend && writers !== "executor";
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
          onState={(next) => (state.value = next)}
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

function ReaderBadge({ state }: { readonly state: ReadonlySignal<ReaderState> }) {
  const hasBeenLive = useRef(false);
  if (state.value.kind !== "connecting") hasBeenLive.current = true;
  const { dot, text } = lookOfReader(state.value, hasBeenLive.current);
  return (
    <span class="pane-state" role="status">
      <span class={`dot ${dot}`} />
      {text}
    </span>
  );
}
