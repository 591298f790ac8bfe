const [major, minor] = process.versions.node.split(".");
if (major > 20 || (major == 20 && minor >= 19)) import("./main-program.mjs"); else (process.exitCode = 2, console.log("##vso[task.complete result=Failed;]CAVRA-E221: needs Node.js 20.19 or later and this is " + process.versions.node + "; update the agent of this job, which brings the Node.js of its tasks"));
