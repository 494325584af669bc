import type { Credential } from "./credential.ts";

/** Why nobody got in, as a person can read it. */
export interface Refusal {
  /** The server does not know this credential, or knows it no more; otherwise it may be tried again. */
  readonly isFinal: boolean;
  readonly message: string;
}

/** What the server answers to who wants to get in; asked before there is a client, and without its patience. */
export class ServerAccess {
  /** With a slash at the end. */
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** The token for a code of a link, which is used up by it. */
  async exchangeCode(code: string): Promise<{ readonly token: string } | Refusal> {
    const answer = await this.#ask("v1/sign-in", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (answer === undefined) return noAnswer;
    const json = await readJson(answer);
    if (answer.ok && typeof json.token === "string") return { token: json.token };
    if (answer.status === 401)
      return {
        isFinal: true,
        message: "This link was used before, or it is older than 5 minutes.",
      };
    return refusalOf(answer, json);
  }

  /** Undefined where the server takes it. */
  async check({ token, grantProcessId }: Credential): Promise<Refusal | undefined> {
    const path =
      grantProcessId === undefined
        ? "v1/processes?limit=1"
        : `v1/processes/${encodeURIComponent(grantProcessId)}`;
    const answer = await this.#ask(path, { headers: { authorization: `Bearer ${token}` } });
    if (answer === undefined) return noAnswer;
    // A token for less than that is one, too.
    if (answer.ok || answer.status === 403) return undefined;
    const json = await readJson(answer);
    const isGrant = grantProcessId !== undefined;
    if (json.code === "token_expired")
      return { isFinal: true, message: isGrant ? grantOver : "Your session has expired." };
    if (answer.status === 401 || (isGrant && answer.status === 404))
      return {
        isFinal: true,
        message: isGrant ? grantOver : "The server does not accept this token.",
      };
    return refusalOf(answer, json);
  }

  /** By an append of nothing: whoever may not append at all is refused before anybody looks at it. */
  async mayAppend({ token }: Credential, processId: string, channel: string): Promise<boolean> {
    const place = `${encodeURIComponent(processId)}/channels/${encodeURIComponent(channel)}`;
    const answer = await this.#ask(`v1/processes/${place}/entries/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ entries: [] }),
    });
    return answer?.ok === true || answer?.status === 400;
  }

  async #ask(path: string, init: RequestInit): Promise<Response | undefined> {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    try {
      // A redirect would carry the token to wherever it points.
      return await fetch(this.#base + path, { ...init, redirect: "error", signal });
    } catch {
      return undefined;
    }
  }
}

const answerTimeoutMs = 15_000;
export const grantOver = "This shared link has expired, or was revoked.";
const noAnswer: Refusal = { isFinal: false, message: "The server does not answer." };

function refusalOf({ status }: Response, { title, detail }: Problem): Refusal {
  const reason = [detail, title].find((text) => typeof text === "string") ?? `status ${status}`;
  return { isFinal: false, message: `The server refused: ${reason}` };
}

interface Problem {
  readonly token?: unknown;
  readonly code?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
}

/** Empty for what is no JSON: something between here and the server has answered. */
async function readJson(answer: Response): Promise<Problem> {
  const json: unknown = await answer.json().catch(() => undefined);
  return typeof json === "object" && json !== null ? json : {};
}
