import { useEffect, useRef, useState } from "preact/hooks";
import type { Channel } from "../../../client/index.ts";
import { useSending } from "../use-sending.ts";
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
  const { waiting, failure, send } = useSending(channel);
  const [text, setText] = useState("");
  /** Position of the question that is not to be answered now. */
  const [putOff, setPutOff] = useState(0);
  const input = useRef<HTMLTextAreaElement>(null);
  const asked = question?.position === putOff ? undefined : question;
  const target = answered ?? asked;
  useEffect(() => {
    if (answered !== undefined) input.current?.focus();
  }, [answered]);

  const say = async (said: string): Promise<void> => {
    if (said === "") return;
    const options = target === undefined ? {} : { replyTo: target.position };
    const sending = send(said, options);
    setText("");
    onAnswered();
    // What was refused can be sent again, unless something else was begun meanwhile.
    if (!(await sending)) setText((now) => (now === "" ? said : now));
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void say(text);
      }}
    >
      {target !== undefined && (
        <Target
          target={target}
          isAsked={target === asked}
          onChoice={(choice) => void say(choice)}
          onPutOff={() => {
            if (target === asked) setPutOff(target.position);
            onAnswered();
          }}
        />
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
            void say(text);
          }}
        />
        <span class="composer-state" role="status">
          {failure === "" && waiting > 0 ? "Sending …" : failure}
        </span>
        <button class="button button-primary" type="submit">
          Send
        </button>
      </div>
    </form>
  );
}

interface TargetProps {
  readonly target: ChatMessage;
  readonly isAsked: boolean;
  readonly onChoice: (choice: string) => void;
  readonly onPutOff: () => void;
}

/** What is answered, with the answers that it offers. */
function Target({ target, isAsked, onChoice, onPutOff }: TargetProps) {
  const { senderId, text, question } = target;
  return (
    <>
      <div class={`composer-target${isAsked ? " composer-question" : ""}`}>
        <span class="composer-quote">
          <span class="quiet">{isAsked ? `${senderId} asks` : `Answers ${senderId}`}</span>{" "}
          {text.slice(0, quoteLength)}
        </span>
        <button class="view-button" type="button" onClick={onPutOff}>
          Not now
        </button>
      </div>
      {question?.choices !== undefined && (
        <div class="composer-choices" role="group" aria-label="Answers">
          {question.choices.map((choice, index) => (
            <button class="button" type="button" key={index} onClick={() => onChoice(choice)}>
              {choice}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
