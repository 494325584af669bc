import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Opens a connection, from another address of this machine if one is given. */
export async function openSocket(port: number, localAddress?: string): Promise<Socket> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  // What a server does to a connection is what is looked at, not that it was broken.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Sends text as it is, and reads one answer with a length, or what came until the end. */
export async function sendRaw(
  port: number,
  text: string,
  localAddress?: string,
): Promise<RawAnswer> {
  const socket = await openSocket(port, localAddress);
  try {
    socket.write(text);
    return await readAnswer(socket, { hasBody: !text.startsWith("HEAD ") });
  } finally {
    socket.destroy();
  }
}

/** One answer of a connection. Rejects where the connection ends before one. */
export async function readAnswer(socket: Socket, { hasBody = true } = {}): Promise<RawAnswer> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString("latin1");
    const answer = parseAnswer(text, { isWhole: !hasBody });
    if (answer !== undefined) return answer;
  }
  const answer = parseAnswer(text, { isWhole: true });
  if (answer === undefined) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
  return answer;
}

function parseAnswer(text: string, { isWhole = false } = {}): RawAnswer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  const length = Number(headers["content-length"] ?? (isWhole ? body.length : Infinity));
  if (body.length < length && !isWhole) return undefined;
  return { status: Number(statusLine.split(" ")[1]), headers, body: body.slice(0, length) };
}
