// A chat: the executor answers each message word by word, and every answer names what it answers.
//
//   JOBWIRE_URL=… TOKEN=… node examples/chat.mjs answer <process>
//   JOBWIRE_URL=… TOKEN=… node examples/chat.mjs ask <process> <message>
import { Jobwire } from "jobwire/client";

const [role, processId, message] = process.argv.slice(2);
const wire = new Jobwire({ url: process.env.JOBWIRE_URL, token: process.env.TOKEN });
const decoder = new TextDecoder();

if (role === "ask") {
  const reply = wire.process(processId).channel("chat").request(message);
  for await (const { payload } of reply) process.stdout.write(decoder.decode(payload));
  console.log();
} else {
  await wire.execute(processId, async (job) => {
    const chat = job.channel("chat");
    const questions = chat.entries({ signal: job.signal });
    for await (const { replyTo, position, payload } of questions) {
      if (replyTo !== 0) continue;
      const answer = chat.writable({ replyTo: position }).getWriter();
      for (const word of `you said: ${decoder.decode(payload)}`.split(/(?<= )/))
        await answer.write(word);
      await answer.close();
    }
  });
}
await wire.close();
