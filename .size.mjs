import { rolldown } from "rolldown"; import { gzipSync } from "node:zlib"; import {writeFileSync} from "node:fs";
const b = await rolldown({ input: "jobwire/client", cwd: process.cwd(), platform:"browser"});
const {output}=await b.generate({format:"esm",minify:true});
writeFileSync("/tmp/bundle.js",output[0].code);
console.log(output[0].code.length, gzipSync(output[0].code,{level:9}).byteLength);
