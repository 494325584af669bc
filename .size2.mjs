import { rolldown } from "rolldown"; import { gzipSync } from "node:zlib";
const b = await rolldown({ input: "jobwire/client", cwd: process.cwd(), platform:"browser"});
for (const o of [{},{comments:false},{comments:{annotation:false}},{comments:false,minify:{compress:{target:"es2023"},mangle:{toplevel:true}}}]){ try{
const {output}=await b.generate({format:"esm",minify:true,...o}); console.log(JSON.stringify(o),output[0].code.length, gzipSync(output[0].code,{level:9}).byteLength);}catch(e){console.log(String(e).slice(0,200))}}
