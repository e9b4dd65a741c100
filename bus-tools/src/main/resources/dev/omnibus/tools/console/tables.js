// Pages that are tables: nodes, topics with their durable logs, and what is not as it should be.

import { h, put, rate, count, bytes, millis, age, panel, node, empty, table } from "./dom.js";
import { api } from "./app.js";
import { model, publications, calls, topics as known, latency, methods, now, callsOf, failuresOf } from "./model.js";

/** Asks again and again while a page is shown. */
function poll(every, ask) {
  let alive = true;
  let timer = 0;
  (async function again() {
    try {
      await ask();
    } catch {
      // the bar says that the console cannot be reached
    }
    if (alive) timer = setTimeout(again, every);
  })();
  return () => {
    alive = false;
    clearTimeout(timer);
  };
}

const state = (word) => h("span", { class: "badge " + word }, word);

export const nodes = {
  title: "Nodes",

  open(place) {
    const list = h("div");
    const total = h("span");
    place.append(panel("Nodes", total, list));

    async function draw() {
      const [{ now: at, nodes, heard }, stats] = await Promise.all([api("nodes"), api("stats")]);
      const served = new Map(), made = new Map(), published = new Map();
      for (const one of calls()) {
        const to = served.get(one.node) ?? { rate: 0, failed: 0 };
        to.rate += one.rate;
        to.failed += one.failed;
        served.set(one.node, to);
        made.set(one.from, (made.get(one.from) ?? 0) + one.rate);
      }
      for (const one of publications()) published.set(one.from, (published.get(one.from) ?? 0) + one.rate);
      const listed = new Set(nodes.map((one) => one.node));
      const others = [...new Set([...Object.keys(heard), ...published.keys(), ...made.keys()])].filter((id) => id && !listed.has(id));
      const all = [...nodes, ...others.map((id) => ({ node: id, state: at - heard[id] < 5000 ? "heard" : "silent", services: {} }))]
        .filter((one) => one.node !== model.info?.node).sort((a, b) => (a.node < b.node ? -1 : 1));
      total.textContent = `${all.filter((one) => one.state === "up").length} up` + (all.some((one) => one.state === "heard") ? "; heard: they send, and are not in the directory" : "");
      const columns = [["Node"], ["State"], ["Services"], ["Served/s", "num"], ["Failed/s", "num"], ["Running", "num"], ["Calls/s", "num"], ["Events/s", "num"], ["Lost", "num"], ["Heartbeat", "num"], ["Up", "num"], ["Version"], ["Host"]];
      put(list, all.length === 0
        ? empty("No nodes", "Nobody else is on this bus.")
        : table(columns, all.map((one) => {
          const load = served.get(one.node) ?? { rate: 0, failed: 0 };
          const said = stats[one.node];
          const running = Object.values(said?.methods ?? {}).reduce((sum, method) => sum + method.running, 0);
          const waiting = Object.values(said?.methods ?? {}).reduce((sum, method) => sum + method.waiting, 0);
          const lost = said ? said.bus.lost + said.bus.dropped : 0;
          const services = Object.entries(one.services).filter(([service]) => service !== "rpc");
          return { class: one.state, cells: [
            node(one.node), state(one.state), services.map(([service, methods]) => h("a", { class: "tag", href: "#/services/" + service, title: Object.keys(methods).join(", ") }, service)),
            services.length ? rate(load.rate) : "", services.length ? h("span", { class: load.failed > 0 ? "bad" : "" }, rate(load.failed)) : "",
            said && services.length ? running + (waiting ? ` + ${waiting}` : "") : "", rate(made.get(one.node) ?? 0), rate(published.get(one.node) ?? 0),
            said ? h("span", { class: lost > 0 ? "bad" : "" }, count(lost)) : "",
            heard[one.node] ? age(at - heard[one.node]) + " ago" : "–", one.started ? age(at - one.started) : "–", one.version || "–", one.host ? `${one.host} · ${one.pid}` : "–"] };
        })));
    }

    const stop = poll(2000, draw);
    return { leave: stop, take: (event) => event === "nodes" && draw().catch(() => {}) };
  },
};

function lag(group) {
  if (group.lag === undefined) return "?";
  return count(group.lag);
}

export const topics = {
  title: "Topics",

  open(place) {
    const plain = h("div");
    const logs = h("div");
    place.append(panel("Topics", "seen in the last minutes", plain), panel("Durable topics", "logs in Redis, with the groups that read them", logs));

    function draw() {
      const rows = new Map();
      for (const one of publications()) {
        const row = rows.get(one.topic) ?? { rate: 0, bytes: 0, from: [] };
        row.rate += one.rate;
        row.bytes += one.bytes;
        if (one.from) row.from.push(one.from);
        rows.set(one.topic, row);
      }
      put(plain, rows.size === 0
        ? empty("No events", "Nobody has published anything in the last minute.")
        : table([["Topic"], ["Events/s", "num"], ["Bytes/s", "num"], ["Publishers"]], [...rows].sort().map(([name, one]) => ({ cells: [
          h("a", { href: "#/live/" + encodeURIComponent("event " + name) }, name), rate(one.rate), bytes(Math.round(one.bytes)), one.from.map((id) => h("span", { class: "tag" }, node(id)))] }))));
    }

    async function durable() {
      const { topics } = await api("durable?topics=" + encodeURIComponent(known().join(",")));
      put(logs, topics.length === 0 ? empty("No durable topics", "None of the topics that were seen is kept in Redis.") : topics.map(log));
    }

    function log(one) {
      if (one.problem) return h("div", { class: "log" }, h("h3", null, one.topic), h("p", { class: "bad" }, one.problem));
      const full = one.fullAt > 0 ? Math.min(1, one.entries / one.fullAt) : 0;
      return h("div", { class: "log" },
        h("h3", null, one.topic, h("span", { class: "aside" }, `${count(one.entries)} entries, ${bytes(one.bytes)}` + (one.fullAt > 0 ? `, ${(100 * full).toFixed(full < 0.1 ? 1 : 0)} % full` : ""))),
        one.groups.length + one.followers.length === 0
          ? h("p", { class: "dim" }, "Nobody reads it.")
          : table([["Group"], ["Lag", "num"], ["In work", "num"], ["Oldest", "num"], ["Dead letters", "num"], ["Nodes"]], [
            ...one.groups.map((group) => ({ cells: [group.group, h("span", { class: group.lag > 1000 ? "warn" : "" }, lag(group)), count(group.pending),
              group.oldestMs === undefined ? "–" : age(group.oldestMs), h("span", { class: group.dead > 0 ? "bad" : "" }, count(group.dead)),
              group.nodes.length ? group.nodes.map((id) => h("span", { class: "tag" }, node(id))) : h("span", { class: "bad" }, "nobody")] })),
            ...one.followers.map((follower) => ({ cells: [follower.follower, follower.behindMs > 0 ? age(follower.behindMs) : "0", "–", "–", "–", h("span", { class: "dim" }, "a named follower")] })),
          ]));
    }

    draw();
    const stop = poll(2000, durable);
    return { leave: stop, take: (event) => event === "rates" && draw() };
  },
};

function finding(level, what, todo) {
  return { level, what, todo };
}

/** What this console sees by itself. */
function findings(document) {
  const found = [];
  const info = model.info ?? {};
  const watch = model.points[model.points.length - 1]?.watch ?? {};
  if (!info.seesCalls) found.push(finding("warn", "Calls are not seen here", "In a cluster calls are on sharded channels, which no pattern matches. Events and nodes are shown."));
  if (watch.dropped > 0) found.push(finding("warn", `${count(watch.dropped)} frames were not read`, "The traffic is more than this console can read; what is shown is a sample. Give it a processor, or watch a part with omnibus watch."));
  if (watch.interruptions > 0) found.push(finding("warn", `The connection was interrupted ${watch.interruptions} times`, "Look at Redis: client-output-buffer-limit pubsub, restarts, the network."));
  if (watch.bad > 0) found.push(finding("fail", `${count(watch.bad)} messages violate the protocol`, "Filter the live page by bad, and find out who sends them."));
  if (watch.abandoned > 0) found.push(finding("warn", `${count(watch.abandoned)} calls were not followed to their end`, "Too many were open at a time; their latency is missing in the charts."));
  const draining = model.nodes.filter((one) => one.state === "draining" && Date.now() - one.since > 60000);
  for (const one of draining) found.push(finding("warn", `${one.node} has been draining for ${age(Date.now() - one.since)}`, "It finishes what it has; a handler may be stuck. Take a thread dump of it."));
  const versions = new Map();
  for (const one of model.nodes) if (one.state === "up" && one.version) versions.set(one.application, (versions.get(one.application) ?? new Set()).add(one.version));
  for (const [application, all] of versions) if (all.size > 1) found.push(finding("warn", `${application} runs in ${all.size} versions: ${[...all].join(", ")}`, "Fine while a new version is rolled out."));
  for (const method of document?.methods ?? []) {
    if (method["x-drift"]) found.push(finding("warn", `${method.name} is not the same on all nodes`, Object.entries(method["x-drift"]).map(([shape, on]) => `${shape} on ${on.join(", ")}`).join("; ")));
  }
  for (const one of calls()) {
    if (one.node === "" && one.rate > 0) found.push(finding("fail", `${one.method} is called by ${one.from} and nobody answers`, "No node serves it, or none is quick enough: see Nodes."));
  }
  const broken = new Map();
  for (const one of calls()) {
    const sum = broken.get(one.method) ?? { rate: 0, failed: 0 };
    sum.rate += one.rate;
    sum.failed += one.failed;
    broken.set(one.method, sum);
  }
  for (const [method, sum] of broken) {
    if (sum.rate > 0 && sum.failed / sum.rate > 0.01) found.push(finding(sum.failed / sum.rate > 0.2 ? "fail" : "warn", `${((100 * sum.failed) / sum.rate).toFixed(0)} % of the calls of ${method} fail`, "The live page has them: call failed " + method));
  }
  for (const method of methods()) {
    const one = latency(method);
    if (one && one.p99 > 1000) found.push(finding("warn", `${method} takes ${millis(one.p99)} for its slowest calls`, "Compare its nodes on the live page: call >1000ms " + method));
  }
  if (found.every((one) => one.level === "ok")) {
    found.push(finding("ok", "Nothing is wrong, as far as a console can see it", `${model.nodes.filter((one) => one.state === "up").length} nodes, ${rate(now(callsOf))} calls a second, ${rate(now(failuresOf))} of them failed.`));
  }
  return found;
}

const LEVELS = { OK: "ok", WARNING: "warn", CRITICAL: "fail", UNKNOWN: "unknown" };

const row = (level, check, what, todo) =>
  h("div", { class: "finding" }, h("span", { class: "badge " + level }, level), h("div", null, h("b", null, what), check && h("span", { class: "aside" }, " " + check), todo && h("p", null, todo)));

export const doctor = {
  title: "Doctor",

  open(place) {
    const seen = h("div");
    const server = h("div");
    place.append(panel("The traffic", "what this console sees", seen), panel("The server and the nodes", "what omnibus doctor finds", server));
    let document = null;
    const draw = () => put(seen, findings(document).map((one) => row(one.level, null, one.what, one.todo)));
    const order = ["CRITICAL", "WARNING", "UNKNOWN", "OK"];
    const stops = [
      poll(15000, async () => {
        document = (await api("services")).document;
        draw();
      }),
      poll(15000, async () => {
        const { findings: found, problem } = await api("doctor");
        if (problem) put(server, row("fail", null, "It cannot be examined", problem));
        else put(server, found.length === 0 ? empty("Not examined", "This console was started without it.")
          : [...found].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level)).map((one) => row(LEVELS[one.level] ?? "unknown", one.check, one.finding, one.remedy)));
      }),
    ];
    const stop = () => stops.forEach((one) => one());
    draw();
    return { leave: stop, take: (event) => event === "rates" && draw() };
  },
};
