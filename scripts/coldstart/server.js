// SPDX-License-Identifier: Apache-2.0
// The Node program whose start is measured.
require("http").createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, {"Content-Length": 3}).end("ok\n"));
}).listen(Number(process.env.PORT || 9000), "0.0.0.0");
