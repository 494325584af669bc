import { useMemo, useRef, useState } from "preact/hooks";
import type { ProcessHandle } from "../../client/index.ts";
import { useSending } from "../views/use-sending.ts";

const linesKeptMax = 100;

/** What a person types into a program that reads lines. */
export function InputLine({ handle }: { readonly handle: ProcessHandle }) {
  const stdin = useMemo(() => handle.channel("stdin"), [handle]);
  const { waiting, failure, send } = useSending(stdin);
  const [text, setText] = useState("");
  const [hasEnded, setEnded] = useState(false);
  const history = useRef(new TypedLines());

  const end = (): void => {
    setEnded(true);
    void send("", { type: "end" }).then((isThere) => setEnded(isThere));
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    history.current.add(text);
    setText("");
    void send(`${text}\n`);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowUp") setText(history.current.step(1));
    else if (event.key === "ArrowDown") setText(history.current.step(-1));
    else if (event.key === "d" && event.ctrlKey && text === "") end();
    else return;
    event.preventDefault();
  };
  if (hasEnded)
    return (
      <p class="input-line quiet" role="status">
        The input has ended.
      </p>
    );
  return (
    <form class="input-line" onSubmit={submit}>
      <span class="input-prompt" aria-hidden="true">
        ›
      </span>
      <input
        class="input-text"
        aria-label="Input of the program"
        placeholder="Type a line for the program"
        autoComplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={press}
      />
      <span class={`input-state${failure === "" ? "" : " input-failure"}`} role="status">
        {failure === "" && waiting > 0 ? "Sending …" : failure}
      </span>
      <button class="view-button" type="button" title="Ctrl-D: nothing more comes" onClick={end}>
        End input
      </button>
      <button class="button button-primary" type="submit">
        Send
      </button>
    </form>
  );
}

/** Lines that were typed before, as in a shell. */
class TypedLines {
  #lines: string[] = [];
  #back = 0;

  add(line: string): void {
    this.#lines = [...this.#lines, line].slice(-linesKeptMax);
    this.#back = 0;
  }

  /** The line so many before the one that is shown; "" after the last. */
  step(by: 1 | -1): string {
    const { length } = this.#lines;
    this.#back = Math.min(length, Math.max(0, this.#back + by));
    return this.#lines[length - this.#back] ?? "";
  }
}
