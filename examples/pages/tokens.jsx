// The tokens of a model as they come, in a React page, with useEffect and nothing else.
//
// Open it as <page>#<server>|<token>|<process>
import { Jobwire } from "jobwire/client";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const [url, token, processId] = location.hash.slice(1).split("|");
const wire = new Jobwire({ url, token });

function Answer({ processId }) {
  const [text, setText] = useState("");
  const [end, setEnd] = useState("");

  useEffect(() => {
    const leaving = new AbortController();
    const read = async () => {
      const { signal } = leaving;
      const entries = wire.process(processId).channel("out").entries({ signal });
      const decoder = new TextDecoder();
      for await (const { payload } of entries) {
        const piece = decoder.decode(payload, { stream: true });
        setText((shown) => shown + piece);
      }
      if (!signal.aborted) setEnd(entries.outcome?.status ?? "");
    };
    // It reads from the start again: also where React mounts twice.
    setText("");
    read().catch((error) => setEnd(String(error)));
    return () => leaving.abort();
  }, [processId]);

  return (
    <article>
      <p>{text}</p>
      <footer>{end}</footer>
    </article>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <Answer processId={processId} />
  </StrictMode>,
);
