// What is known of the bus: a point for each of the last 300 seconds, and the nodes. Pages read it; only app.js writes to it.

const SECONDS = 300;
const SHOWN = 60; // an edge that was silent for so long is not drawn any more
const RATE = 10; // over how many seconds a rate is taken, so that it does not flicker

export const model = {
  info: null,
  points: [],
  nodes: [],
  failures: [],
  notShown: 0,
};

export function addPoint(point) {
  const last = model.points[model.points.length - 1];
  if (last && point.t <= last.t) return;
  model.points.push(point);
  if (model.points.length > SECONDS) model.points.shift();
}

export function clear() {
  model.points = [];
}

const sum = (list, value) => list.reduce((total, one) => total + value(one), 0);

/** One number for each second. */
export function series(of) {
  return model.points.map(of);
}

export const eventsOf = (point) => sum(point.events, (edge) => edge[2]);
export const callsOf = (point) => sum(point.calls, (edge) => edge[3]);
export const failuresOf = (point) => sum(point.calls, (edge) => edge[4]);
export const worstOf = (point) => Object.values(point.latency).reduce((worst, one) => Math.max(worst, one[3]), 0) / 1000;

/** The mean of the last seconds. */
export function now(of) {
  const last = model.points.slice(-RATE);
  return last.length === 0 ? 0 : sum(last, of) / last.length;
}

function edges(list, keyLength) {
  const found = new Map();
  const points = model.points.slice(-SHOWN);
  const recent = Math.max(1, Math.min(RATE, points.length));
  points.forEach((point, i) => {
    const counts = i >= points.length - RATE;
    for (const edge of list(point)) {
      const key = edge.slice(0, keyLength).join(" ");
      let one = found.get(key);
      if (!one) found.set(key, (one = { parts: edge.slice(0, keyLength), a: 0, b: 0 }));
      if (counts) {
        one.a += edge[keyLength] / recent;
        one.b += edge[keyLength + 1] / recent;
      }
    }
  });
  return [...found.values()];
}

/** Who publishes what: {from, topic, rate, bytes}. */
export const publications = () =>
  edges((point) => point.events, 2).map(({ parts, a, b }) => ({ from: parts[0], topic: parts[1], rate: a, bytes: b }));

/** Who calls what where: {from, method, node, rate, failed}. */
export const calls = () =>
  edges((point) => point.calls, 3).map(({ parts, a, b }) => ({ from: parts[0], method: parts[1], node: parts[2], rate: a, failed: b }));

/** Percentiles of a method in the last seconds, in ms: those of the worst second, because percentiles have no mean. */
export function latency(method) {
  let calls = 0, p50 = 0, p95 = 0, p99 = 0, max = 0, seconds = 0;
  for (const point of model.points.slice(-RATE)) {
    const one = point.latency[method];
    if (!one) continue;
    seconds++;
    calls += one[0];
    p50 += one[1];
    p95 = Math.max(p95, one[2]);
    p99 = Math.max(p99, one[3]);
    max = Math.max(max, one[4]);
  }
  return seconds === 0 ? null : { calls, p50: p50 / seconds / 1000, p95: p95 / 1000, p99: p99 / 1000, max: max / 1000 };
}

export function methods() {
  const found = new Set();
  for (const point of model.points) for (const method of Object.keys(point.latency)) found.add(method);
  return [...found].sort();
}

/** Whether a topic fits what is subscribed to. */
export function fits(pattern, topic) {
  if (pattern === topic) return true;
  if (!pattern.includes("*")) return false;
  const words = pattern.replace(/\*\*$/, "").split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp("^" + words.join("[^.]+") + (pattern.endsWith("**") ? ".+$" : "$")).test(topic);
}

export function topics() {
  const found = new Set();
  for (const point of model.points) for (const edge of point.events) found.add(edge[1]);
  found.delete("_OTHER");
  return [...found].sort();
}
