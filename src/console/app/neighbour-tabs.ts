/** What tabs of one console tell each other. Only pages of the same origin hear it. */
type TabMessage =
  | { readonly kind: "ask" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "signedOut" };

/** A tab that is awake answers within some milliseconds; a person does not notice the wait. */
const answerTimeoutMs = 300;

export interface NeighbourTabsOptions {
  /** What is given to a tab that asks; undefined for none. */
  readonly token: () => string | undefined;
  readonly onSignedOut: () => void;
}

/**
 * The other tabs of this console in the browser: a job that is opened in a new tab is no other visit, and whoever
 * signs out of one tab has left all.
 */
export class NeighbourTabs {
  readonly #channel: BroadcastChannel;
  #takeToken: ((token: string) => void) | undefined;

  /** `base` is the console's address: another one of the same site is another console. */
  constructor(base: string, { token, onSignedOut }: NeighbourTabsOptions) {
    this.#channel = new BroadcastChannel(`jobwire ${base}`);
    this.#channel.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
      if (data.kind === "token") this.#takeToken?.(data.token);
      else if (data.kind === "signedOut") onSignedOut();
      else {
        const own = token();
        if (own !== undefined) this.#tell({ kind: "token", token: own });
      }
    });
  }

  /** The token of a tab that is signed in; undefined where none answers. */
  async askForToken(): Promise<string | undefined> {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), answerTimeoutMs);
      this.#takeToken = (token) => {
        clearTimeout(timer);
        this.#takeToken = undefined;
        resolve(token);
      };
      this.#tell({ kind: "ask" });
    });
  }

  tellSignedOut(): void {
    this.#tell({ kind: "signedOut" });
  }

  #tell(message: TabMessage): void {
    this.#channel.postMessage(message);
  }
}
