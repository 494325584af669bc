import { useEffect, useRef, useState } from "preact/hooks";
import { isChannelError, type Channel } from "../../../client/index.ts";
import type { ChatMessage } from "./chat-model.ts";

export interface ComposerProps {
  readonly channel: Channel;
  /** The one that waits for an answer. */
  readonly question: ChatMessage | undefined;
  /** What somebody has chosen to answer. */
  readonly answered: ChatMessage | undefined;
  /** It was sent, or is not to be an answer any more. */
  readonly onAnswered: () => void;
}

const quoteLength = 160;

/** What a person says: in answer to what was chosen, to what is asked, or for itself. */
export function Composer({ channel, question, answered, onAnswered }: ComposerProps) {
  const [text, setText] = useState("");
  const [waiting, setWaiting] = useState(0);
  const [failure, setFailure] = useState("");
  const [isPutOff, setPutOff] = useState(0);
  const input = useRef<HTMLTextAreaElement>(null);
  const asked = question?.position === isPutOff ? undefined : question;
  const target = answered ?? asked;
  useEffect(() => {
    if (answered !== undefined) input.current?.focus();
  }, [answered]);

  const send = async (said: string): Promise<void> => {
    if (said === "") return;
    setFailure("");
    setWaiting((count) => count + 1);
    const options = target === undefined ? {} : { replyTo: target.position };
    try {
      const sending = channel.send(said, options);
      setText("");
      onAnswered();
      await sending;
    } catch (error) {
      if (!isChannelError(error)) throw error;
      setFailure(error.message);
      setText((now) => (now === "" ? said : now));
    } finally {
      setWaiting((count) => count - 1);
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send(text);
      }}
    >
      {target !== undefined && (
        <div class={`composer-target${target === asked ? " composer-question" : ""}`}>
          <span class="composer-quote">
            <span class="quiet">
              {target === asked ? `${target.senderId} asks` : `Answers ${target.senderId}`}
            </span>{" "}
            {target.text.slice(0, quoteLength)}
          </span>
          <button
            class="view-button"
            type="button"
            onClick={() => {
              if (target === asked) setPutOff(target.position);
              onAnswered();
            }}
          >
            Not now
          </button>
        </div>
      )}
      {target?.question?.choices !== undefined && (
        <div class="composer-choices" role="group" aria-label="Answers">
          {target.question.choices.map((choice) => (
            <button class="button" type="button" key={choice} onClick={() => void send(choice)}>
              {choice}
            </button>
          ))}
        </div>
      )}
      <div class="composer-row">
        <textarea
          class="composer-text"
          ref={input}
          rows={1}
          aria-label="Message"
          placeholder={target === undefined ? "Write a message" : "Write an answer"}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send(text);
          }}
        />
        <span class="composer-state" role="status">
          {failure !== "" ? failure : waiting > 0 ? "Sending …" : ""}
        </span>
        <button class="button button-primary" type="submit">
          Send
        </button>
      </div>
    </form>
  );
}
