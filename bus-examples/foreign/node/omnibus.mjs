// A node of the bus in JavaScript, with node-redis alone, as docs/reference/rpc-protocol.md has it. Redis is at REDIS_URL.
// omnibus.mjs publish TOPIC JSON | subscribe GLOB | nodes | call METHOD PARAMS | broadcast METHOD PARAMS | serve SERVICE
// "subscribe" and "serve" (echo(text), sum(numbers), val()) go on until standard input ends.
import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
const random = () => randomBytes(6).toString('hex');
const node = 'node-' + random();
const inbox = 'bus:inbox:' + node, lease = 'bus:node:{bus:nodes}:' + node;
const index = 'bus:nodes', changes = 'bus:nodes:changes:{bus:nodes}', version = 'bus:nodes:version:{bus:nodes}';
const db = await createClient({ url: process.env.REDIS_URL }).connect();
const sub = await db.duplicate().connect();

function reader(handler) { // a frame is one message, or an array of them
  return (text, channel) => {
    try {
      for (const message of [JSON.parse(text)].flat()) handler(message, channel);
    } catch (bad) { console.error('dropped:', bad.message); } // the next one is served all the same
  };
}

const send = (channel, message) => db.publish(channel, JSON.stringify(message));
const publish = (topic, data) => send('bus:evt:' + topic,
  { specversion: '1.0', id: random(), source: '/nodes/' + node, type: 'Example', subject: topic, data });
async function nodes() {
  const found = await Promise.all((await db.zRange(index, 0, -1)).map(key => db.get(key)));
  return found.filter(manifest => manifest !== null).map(manifest => JSON.parse(manifest));
}
const waiting = new Map(); // what to do with the answers, by id
await sub.subscribe(inbox, reader(answer => waiting.get(answer.id)?.(answer)));
async function ask(channel, method, params, ms = 20000) { // the answers of everybody who has received it
  const id = random(), answers = [], end = Date.now() + ms;
  waiting.set(id, answer => answers.push(answer));
  const count = (await db.pubSubNumSub([channel]))[channel];
  await send(channel, { jsonrpc: '2.0', id, method, params, meta: { from: node, replyTo: inbox, ttl: ms } });
  while (answers.length < count && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 1));
  waiting.delete(id);
  return answers;
}
async function call(method, params) {
  const service = method.slice(0, method.lastIndexOf('.')), name = method.slice(service.length + 1);
  const has = methods => Array.isArray(methods) ? methods.includes(name) : methods !== undefined && name in methods;
  const serving = (await nodes()).filter(one => has(one.services[service]) && !one.draining);
  if (serving.length === 0) throw new Error('nobody serves ' + method);
  const chosen = serving[Math.floor(Math.random() * serving.length)].node;
  return ask(`bus:rpc:${method}@${chosen}`, method, params);
}

async function serve(service, methods) { // the names of the parameters, and the function
  const known = new Set(); // what was asked, and by whom; the oldest first
  const error = (code, message) => ({ error: { code, message } });
  const outcome = ([names, run], params, ttl) => {
    if (ttl <= 0) return error(-32001, 'the deadline has passed');
    const args = Array.isArray(params) ? params : names.map(name => params[name]);
    if (args.length !== names.length || args.includes(undefined)) return error(-32602, 'the arguments do not fit');
    try { return { result: run(...args) }; } catch (bad) { console.error(bad); return error(-32603, 'internal error'); }
  };
  const handle = ({ id, method, params = [], meta = {} }) => {
    const key = JSON.stringify([meta.from, id]);
    if (id === undefined || known.has(key)) return; // a notification, such as a cancel; or asked already
    if (meta.from && known.add(key).size > 10000) known.delete(known.values().next().value);
    const result = outcome(methods[method.slice(service.length + 1)], params, meta.ttl ?? 30000);
    send(meta.replyTo, { jsonrpc: '2.0', id, meta: { from: node }, ...result });
  };
  const manifest = { node, revision: 1, services: { [service]: Object.keys(methods) } };
  const say = word => send('bus:presence', { jsonrpc: '2.0', method: '$/' + word, params: manifest });
  const renew = async first => {
    const write = db.multi().pSetEx(lease, 2100, JSON.stringify(manifest)).zAdd(index, { score: 0, value: lease }, { NX: true });
    if (first || await db.zScore(index, lease) === null) write.zAdd(changes, { score: 0, value: lease }).incr(version);
    for (const key of [index, changes, version]) write.pExpire(key, 12100);
    await write.exec();
  };
  const channels = Object.keys(methods).map(name => `bus:rpc:${service}.${name}`);
  await sub.subscribe(channels.flatMap(channel => [channel, channel + '@' + node]), reader(handle));
  await renew(true).then(() => say('joined'));
  const renewing = setInterval(renew, 1000);
  console.log('ready', node);
  for await (const _ of process.stdin); // until it ends
  clearInterval(renewing);
  await db.multi().del(lease).zRem(index, lease).zRem(changes, lease).zAdd(changes, { score: 0, value: '' }).incr(version).exec();
  await say('left');
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === 'subscribe') {
  const show = (event, channel) => event.type === 'dev.omnibus.mark' // which is no event, but tells their number
    || console.log(channel, JSON.stringify(event.data));
  await sub.pSubscribe('bus:evt:' + rest[0], reader(show));
  console.log('ready'); for await (const _ of process.stdin);
} else if (verb === 'serve') {
  const sum = numbers => numbers.reduce((a, b) => a + b, 0);
  await serve(rest[0], { echo: [['text'], text => text], sum: [['numbers'], sum], val: [[], () => 0] });
} else if (verb === 'publish') await publish(rest[0], JSON.parse(rest[1]));
else if (verb === 'nodes') (await nodes()).forEach(one => console.log(one.node));
else {
  const asked = [rest[0], JSON.parse(rest[1])];
  for (const { meta, result, error } of await (verb === 'call' ? call(...asked) : ask('bus:rpc:' + rest[0], ...asked)))
    console.log(meta.from, JSON.stringify(error ?? result));
}
await Promise.all([db.close(), sub.close()]);
