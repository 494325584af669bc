import { gzipSync } from "node:zlib"; import { rolldown } from "rolldown"; import { writeFileSync } from "node:fs";
const b = await rolldown({ input: "jobwire/client", cwd: "/work/main", platform: "browser" });
const { output } = await b.generate({ format: "esm", minify: true, comments: false });
const code = output[0].code; writeFileSync("/tmp/prof/client.js", code);
console.log(code.length, gzipSync(code, { level: 9 }).byteLength);
for (const [id, m] of Object.entries(output[0].modules).sort((a,b)=>b[1].renderedLength-a[1].renderedLength).slice(0,40)) console.log(m.renderedLength, id.replace("/work/main/dist/",""));
