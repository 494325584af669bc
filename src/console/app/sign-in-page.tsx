import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Logo } from "./icon.tsx";
import { exchangeCode, signIn, type SessionState } from "./session.ts";

interface SignInPageProps {
  readonly state: Extract<SessionState, { kind: "out" }>;
}

export function SignInPage({ state: { notice, isTrouble, code } }: SignInPageProps) {
  const text = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.value.trim() !== "") void signIn(text.value);
  };
  return (
    <main class="signin">
      <form class="signin-card" onSubmit={submit}>
        <div class="signin-brand">
          <Logo />
          <h1>Sign in to Jobwire</h1>
        </div>
        {notice !== undefined && (
          <p class={`notice ${isTrouble === true ? "signin-trouble" : ""}`} role="alert">
            {notice}
          </p>
        )}
        {code !== undefined && (
          <button type="button" class="button" onClick={() => void exchangeCode(code)}>
            Try the link again
          </button>
        )}
        <p>
          On the machine where the server runs, this prints a link that signs you in:
          <code class="signin-command mono">jobwire console</code>
        </p>
        <label class="signin-label" for="signin-token">
          Or paste that link, or a token
        </label>
        <div class="signin-row">
          <input
            ref={field}
            id="signin-token"
            class="input signin-token mono"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
          <button class="button button-primary">Sign in</button>
        </div>
        <p class="signin-hint quiet">It is kept until you sign out or close the tab.</p>
      </form>
    </main>
  );
}

export function EnteringPage() {
  return (
    <main class="signin">
      <p class="signin-entering quiet" role="status">
        Signing in …
      </p>
    </main>
  );
}
