// @ts-check
// The yardstick of the daemon's benchmark: takes one line on each connection, sends it back, and closes.
import { createServer } from 'node:net';

const server = createServer({ allowHalfOpen: true }, (socket) => {
  /** @type {Buffer[]} */
  const chunks = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (chunk.includes(0x0a)) socket.end(Buffer.concat(chunks));
  });
  socket.on('error', () => socket.destroy());
});
server.listen(process.argv[2], () => process.stdout.write('listening\n'));
process.on('SIGTERM', () => process.exit(0));
