import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";

const hopHeaders = ["upgrade", "http2-settings"];

/**
 * Answers a request that offers another protocol as if it did not (RFC 9110 §7.8): HTTP clients of Java and
 * curl offer HTTP/2. Node hands over such a connection without having read the body, so it is given back
 * with the request in front, less the offer.
 */
export function ignoreUpgrade(
  server: HttpServer,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    const isConnection = name.toLowerCase() === "connection";
    if (hopHeaders.includes(name.toLowerCase())) continue;
    lines.push(`${name}: ${isConnection ? withoutHops(value) : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

function withoutHops(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  return options.filter((option) => !hopHeaders.includes(option.toLowerCase())).join(", ");
}
