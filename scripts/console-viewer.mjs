import { setTimeout as delay } from "node:timers/promises";

const pollIntervalMs = 50;

/** Whoever starts the sample job, as the server's console knows him: finds the job, and makes a link to it. */
export class ConsoleViewer {
  #url;
  #token;
  /** Samples of earlier starts. @type {ReadonlySet<string>} */
  #known;

  /**
   * @param {string} url
   * @param {string} token
   * @param {ReadonlySet<string>} known
   */
  constructor(url, token, known) {
    this.#url = url;
    this.#token = token;
    this.#known = known;
  }

  /**
   * Before the sample job is started. Undefined where there is no console.
   * @param {string} url of the server
   * @param {string | undefined} link to its console, which is used up
   */
  static async signIn(url, link) {
    if (link === undefined) return undefined;
    // Its fragment is a query in all but the sign that begins it.
    const code = new URLSearchParams(new URL(link).hash.slice(1)).get("code");
    const { token } = await request(url, "POST", "/v1/sign-in", { json: { code } });
    const known = new Set((await listSamples(url, token)).map(({ id }) => id));
    return new ConsoleViewer(url, token, known);
  }

  /**
   * A link that opens the console on it, signed in. Undefined when the job ended before it was a process.
   * @param {{ readonly isRunning: boolean }} job
   */
  async linkToSample(job) {
    for (;;) {
      // Looked at first: a job that ends now has become a process before.
      const { isRunning } = job;
      const samples = await listSamples(this.#url, this.#token);
      const sample = samples.find(({ id }) => !this.#known.has(id));
      if (sample !== undefined) return await this.#link(sample.id);
      if (!isRunning) return undefined;
      await delay(pollIntervalMs);
    }
  }

  /** @param {string} processId */
  async #link(processId) {
    const { code } = await request(this.#url, "POST", "/v1/sign-in/codes", { token: this.#token });
    return `${this.#url}/#code=${code}&to=${encodeURIComponent(`/p/${processId}`)}`;
  }
}

/**
 * @param {string} url
 * @param {string} token
 * @returns {Promise<{ readonly id: string }[]>}
 */
async function listSamples(url, token) {
  const path = "/v1/processes?label=sample&limit=500";
  return (await request(url, "GET", path, { token })).processes;
}

/**
 * @param {string} url
 * @param {string} method
 * @param {string} path
 * @param {{ readonly token?: string, readonly json?: unknown }} options
 * @returns {Promise<any>} the answer's JSON
 */
async function request(url, method, path, { token, json }) {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return await response.json();
}
