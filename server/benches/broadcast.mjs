// The peer of the fan-out benchmark: a plain `ws` server that sends each event to each client.
import { createRequire } from 'node:module';
const require = createRequire(process.env.WS_FOLDER + '/');
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () => console.log('127.0.0.1:' + server.address().port));
const rate = Number(process.env.RATE);
const pad = 'x'.repeat(Number(process.env.BYTES));
let due = 0;
let last = process.hrtime.bigint();
setInterval(() => {
  const now = process.hrtime.bigint();
  due += Number(now - last) / 1e9 * rate;
  last = now;
  while (due >= 1) {
    due -= 1;
    const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
    const text = JSON.stringify({ type: 'event', text: `t=${micros};${pad}` });
    for (const client of server.clients) if (client.readyState === 1) client.send(text);
  }
}, 1);
