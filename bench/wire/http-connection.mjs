// A connection that says HTTP with as little work as can be: what is measured is the server, and both are on this machine.
import { once } from "node:events";
import { connect } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");

/** One request after the other, each answered before the next; answers have a length and no chunks. */
export class HttpConnection {
  #socket;
  #received = Buffer.alloc(0);
  #answer;

  static async open(url) {
    const { hostname, port } = new URL(url);
    const connection = new HttpConnection();
    connection.#socket = connect(Number(port), hostname);
    connection.#socket.setNoDelay(true);
    connection.#socket.on("data", (chunk) => connection.#take(chunk));
    connection.#socket.on("error", (error) => connection.#answer?.reject(error));
    connection.#socket.on("close", () =>
      connection.#answer?.reject(new Error("the server closed the connection")),
    );
    await once(connection.#socket, "connect");
    return connection;
  }

  /** `request` is whole, as `encodeRequest` makes it. */
  send(request) {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return void reject(new Error("the server closed the connection"));
      this.#answer = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close() {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #take(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#received.latin1Slice(0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const bodyAt = end + headEnd.length;
    if (this.#received.length < bodyAt + length) return;
    const body = this.#received.subarray(bodyAt, bodyAt + length);
    this.#received = this.#received.subarray(bodyAt + length);
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}

export function encodeRequest({ url, token }, path, { type, body }) {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** As a request asks for them: entries of that many bytes. */
export function encodeBatch(count, bytes) {
  const payload = Buffer.alloc(bytes, 120).toString("base64");
  const body = JSON.stringify({ entries: Array.from({ length: count }, () => ({ payload })) });
  return { type: "application/json", body: Buffer.from(body) };
}
