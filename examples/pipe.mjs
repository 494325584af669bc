// Pipes the body of a fetch into a channel; whoever reads it gets it as it comes.
//
//   JOBWIRE_URL=… TOKEN=… node examples/pipe.mjs <address> <process>
import { Jobwire } from "jobwire/client";

const [address, processId] = process.argv.slice(2);
const wire = new Jobwire({ url: process.env.JOBWIRE_URL, token: process.env.TOKEN });

const { body } = await fetch(address);
await body.pipeTo(wire.process(processId).channel("out").writable());
await wire.close();
