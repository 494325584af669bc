import { matchesJson, matchesText } from "./expected-output.ts";

const responseTimeoutMs = 10_000;

interface Message {
  readonly startLine: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends the request of a snippet, and throws unless the answer is the expected one. */
export async function runHttp(
  code: string,
  expected: string | undefined,
  url: string,
): Promise<void> {
  const request = readMessage(code);
  const [method = "GET", path = "/"] = request.startLine.split(" ");
  const deadline = AbortSignal.timeout(responseTimeoutMs);
  const response = await fetch(new URL(path, url), {
    method,
    headers: request.headers,
    ...(request.body === "" ? {} : { body: request.body }),
    signal: deadline,
  });
  if (expected === undefined) {
    if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
    await response.body?.cancel();
    return;
  }
  await requireResponse(response, readMessage(expected));
}

async function requireResponse(response: Response, expected: Message): Promise<void> {
  const status = expected.startLine.split(" ")[1];
  const isRight = (body: string) => matchesBody(expected, body);
  const body = await readBody(response, isRight);
  const wrongHeaders = [...expected.headers].filter(
    ([name, value]) => !matchesText(value, response.headers.get(name) ?? ""),
  );
  if (status === String(response.status) && wrongHeaders.length === 0 && isRight(body)) return;
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  throw new Error(`answered otherwise:\n${response.status}\n${headers}\n\n${body}`);
}

function matchesBody({ headers, body: expected }: Message, actual: string): boolean {
  if (headers.get("content-type")?.includes("json") !== true) return matchesText(expected, actual);
  try {
    return matchesJson(JSON.parse(expected), JSON.parse(actual));
  } catch {
    return false;
  }
}

/** A stream is read until it has given what is expected; it may go on after that. */
async function readBody(response: Response, isRight: (body: string) => boolean): Promise<string> {
  if (response.headers.get("content-type")?.includes("event-stream") !== true)
    return response.text();
  const decoder = new TextDecoder();
  let body = "";
  try {
    for await (const chunk of response.body ?? []) {
      body += decoder.decode(chunk as Uint8Array, { stream: true });
      if (isRight(body)) break;
    }
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
  }
  return body;
}

function readMessage(text: string): Message {
  const [head = "", ...rest] = text.split(/\n\n/);
  const [startLine = "", ...lines] = head.split("\n");
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`not a header: ${line}`);
    headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return { startLine, headers, body: rest.join("\n\n") };
}
