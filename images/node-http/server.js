// SPDX-License-Identifier: Apache-2.0
// A web application in Node without any package: echoes, and streams.
'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/healthz') return response.end('ok');
  if (url.pathname === '/stream') return stream(response, Number(url.searchParams.get('n') ?? 5), Number(url.searchParams.get('delay') ?? 0.2));
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    const body = Buffer.concat(chunks).toString();
    response.end(JSON.stringify({ method: request.method, path: request.url, headers: request.headers, body, node: process.version }));
  });
});

// Server-sent events, each sent when it happens.
function stream(response, count, delay) {
  response.setHeader('content-type', 'text/event-stream');
  let number = 0;
  const next = () => {
    if (number === count || response.destroyed) return response.end();
    response.write(`data: ${number++}\n\n`);
    setTimeout(next, delay * 1000);
  };
  next();
}

// The host keeps connections for its next calls: do not close them first.
server.keepAliveTimeout = 15 * 60 * 1000;
server.listen(Number(process.env.PORT ?? 9000), '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
