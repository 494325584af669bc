// Another client of the server, in a thread of its own: whoever attacks must not slow it by being busy.
// Appends and reads in turns, and tells how long each request took.
import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const { port, token, path, localAddress } = workerData;
const agent = new Agent({ keepAlive: true });
const headers = { authorization: `Bearer ${token}` };
let isMeasuring = false;

/**
 * @param {string} method
 * @param {string} [body]
 * @returns {Promise<number>} milliseconds
 */
function measure(method, body) {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", localAddress, agent, headers, method };
    const sent = request({
      ...options,
      path: `${path}${body === undefined ? "?after=last:1" : ""}`,
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 200 || response.statusCode === 201)
          resolve(performance.now() - startMs);
        else reject(new Error(`a neighbour was answered ${response.statusCode}`));
      });
    });
    sent.end(body);
  });
}

/** @param {number} least number of rounds */
async function measureRounds(least) {
  isMeasuring = true;
  const latencies = [];
  for (let round = 0; isMeasuring || round < least; round++) {
    latencies.push(await measure("POST", "hello"), await measure("GET"));
    if (least > 0 && round + 1 >= least) isMeasuring = false;
  }
  parentPort?.postMessage(latencies);
}

parentPort?.on("message", ({ least }) => {
  if (least === undefined) isMeasuring = false;
  else void measureRounds(least);
});
