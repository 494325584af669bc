import { expect, it, vi } from "vitest";
import { createTerminal } from "../../../test/command-world.ts";
import { ServerWorld } from "../../../test/server-world.ts";
import { TcpProxy } from "../../testing/tcp-proxy.ts";
import { runCommandLine } from "../program.ts";

const close = async (world: ServerWorld): Promise<void> => {
  const json = { outcome: { status: "success" } };
  await world.request("sub", "POST", "/v1/processes/p/close", { json });
};

async function startTail(world: ServerWorld, proxy: TcpProxy) {
  const terminal = createTerminal({
    JOBWIRE_URL: `http://127.0.0.1:${proxy.port}`,
    JOBWIRE_TOKEN: await world.token("sub"),
  });
  const ended = runCommandLine(["tail", "p", "out"], terminal);
  return { ended, printed: terminal.printed };
}

it("tries again where the line breaks in its first request", async () => {
  await using world = await ServerWorld.create();
  await world.createProcess();
  await world.append("all of it");
  await close(world);
  const proxy = await TcpProxy.start(world.port);
  proxy.refuse();

  const { ended, printed } = await startTail(world, proxy);
  await expect.poll(() => proxy.connectionCount).toBeGreaterThan(0);
  proxy.accept();

  expect(await ended).toBe(0);
  expect(printed().stdout).toBe("all of it");
  await proxy.close();
});

it("waits for a process that a server has forgotten, and tells what is missing", async () => {
  await using world = await ServerWorld.create();
  await world.createProcess();
  await world.append("before, ");
  const proxy = await TcpProxy.start(world.port);
  const { ended, printed } = await startTail(world, proxy);
  await expect.poll(() => printed().stdout).toBe("before, ");

  await using next = await ServerWorld.create();
  const subscribe = vi.spyOn(next.broker, "subscribe");
  proxy.targetPort = next.port;
  proxy.cutAll();
  await expect.poll(() => subscribe.mock.settledResults[0]?.type).toBe("rejected");
  await next.createProcess();
  await next.append("after");
  await close(next);

  expect(await ended).toBe(0);
  expect(printed().stdout).toBe("before, after");
  expect(printed().stderr).toContain("a gap: entries before position 1 are gone (epoch)");
  await proxy.close();
});
