import { useRef, useState } from "preact/hooks";
import { isChannelError, type ProcessHandle, type SendOptions } from "../../client/index.ts";

const linesKeptMax = 100;

/** What a person types into a program that reads lines. */
export function InputLine({ handle }: { readonly handle: ProcessHandle }) {
  const [text, setText] = useState("");
  const [waiting, setWaiting] = useState(0);
  const [failure, setFailure] = useState("");
  const [hasEnded, setEnded] = useState(false);
  const typed = useRef<string[]>([]);
  const back = useRef(0);

  const send = async (payload: string, options: SendOptions = {}): Promise<void> => {
    setWaiting((count) => count + 1);
    setFailure("");
    try {
      await handle.channel("stdin").send(payload, options);
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailure(error.message);
    } finally {
      setWaiting((count) => count - 1);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    typed.current = [...typed.current, text].slice(-linesKeptMax);
    back.current = 0;
    setText("");
    void send(`${text}\n`);
  };
  const recall = (by: number): void => {
    const { length } = typed.current;
    back.current = Math.min(length, Math.max(0, back.current + by));
    setText(typed.current[length - back.current] ?? "");
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowUp") recall(1);
    else if (event.key === "ArrowDown") recall(-1);
    else if (event.key === "d" && event.ctrlKey && text === "") end();
    else return;
    event.preventDefault();
  };
  const end = (): void => {
    setEnded(true);
    void send("", { type: "end" });
  };
  if (hasEnded && failure === "")
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
      <span class="input-state" role="status">
        {failure !== "" ? <span class="input-failure">{failure}</span> : waiting > 0 && "Sending …"}
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
