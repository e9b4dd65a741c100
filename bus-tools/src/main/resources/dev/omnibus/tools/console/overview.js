// The overview: four figures with their last minutes, who talks to whom, what is slow and what has failed.

import { h, s, put, text, rate, millis, clock, panel, node, short, empty, table } from "./dom.js";
import { api } from "./app.js";
import { model, fits, topics as known, series, now, eventsOf, callsOf, failuresOf, worstOf, publications, calls, latency, methods } from "./model.js";

const MIN_SPARK = 60; // how many seconds a figure's line has at least
const MAX_ROWS = 12; // of a column; the rest is one
const ROW = 30;
const BOX = 24;
const MAX_FAILURES = 8;
const BAD_SHARE = 0.01; // of calls, from which on a box is red

/** Three columns of boxes and what flows between them. Boxes and flows are kept from second to second. */
class Flow {
  constructor(titles, colour, link) {
    this.titles = titles;
    this.link = link;
    this.svg = s("svg", { class: "flow " + colour, role: "img" });
    this.flows = s("g", { class: "flows" });
    this.boxes = s("g");
    this.svg.append(this.flows, this.boxes);
    this.known = new Map();
    this.element = h("div", { class: "topology" },
      h("div", { class: "columns" }, titles.map((title) => h("span", null, title))), this.svg);
  }

  /** Columns are maps of name to {rate, failed}; links are {column, from, to, rate, failed}. */
  draw(columns, links) {
    const width = this.svg.clientWidth || 800;
    const box = Math.min(240, Math.floor(width * 0.26));
    const xs = [0, Math.floor((width - box) / 2), width - box];
    const places = columns.map((column) => this.fold(column));
    const rows = Math.max(1, ...places.map((place) => place.rows.length));
    const height = rows * ROW;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.style.height = height + "px";
    const used = new Set();
    places.forEach((place, i) => {
      place.top = ((rows - place.rows.length) * ROW) / 2;
      place.rows.forEach((row, k) => {
        row.y = place.top + k * ROW + (ROW - BOX) / 2;
        used.add(this.box(i, row, xs[i], box));
      });
    });
    const joined = new Map();
    for (const link of links) {
      const from = places[link.column].at(link.from);
      const to = places[link.column + 1].at(link.to);
      if (!from || !to) continue;
      const key = link.column + " " + from.name + " " + to.name;
      const one = joined.get(key) ?? { key, from, to, column: link.column, rate: 0, failed: 0 };
      one.rate += link.rate;
      one.failed += link.failed ?? 0;
      joined.set(key, one);
    }
    for (const link of joined.values()) {
      const x1 = xs[link.column] + box;
      const x2 = xs[link.column + 1];
      used.add(this.flow(link, x1, x2));
    }
    for (const [key, element] of this.known) {
      if (!used.has(key)) {
        element.remove();
        this.known.delete(key);
      }
    }
  }

  fold(column) {
    const all = [...column].map(([name, value]) => ({ name, ...value }));
    const byRate = [...all].sort((a, b) => b.rate - a.rate || (a.name < b.name ? -1 : 1));
    const keep = new Set(byRate.slice(0, all.length > MAX_ROWS ? MAX_ROWS - 1 : MAX_ROWS).map((row) => row.name));
    const rows = all.filter((row) => keep.has(row.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    let others = null;
    if (keep.size < all.length) {
      others = { name: `and ${all.length - keep.size} more`, rate: 0, failed: 0, others: true };
      for (const row of all) {
        if (!keep.has(row.name)) {
          others.rate += row.rate;
          others.failed += row.failed ?? 0;
        }
      }
      rows.push(others);
    }
    const byName = new Map(rows.map((row) => [row.name, row]));
    return { rows, at: (name) => byName.get(name) ?? (column.has(name) ? others : undefined) };
  }

  box(column, row, x, width) {
    const key = "box " + column + " " + row.name;
    let element = this.known.get(key);
    if (!element) {
      const href = row.others || row.name === "" ? null : this.link(column, row.name);
      element = s(href ? "a" : "g", { class: "box", href },
        s("title"), s("rect", { rx: 5, height: BOX }), s("text", { class: "name", y: 16 }), s("text", { class: "rate", y: 16, "text-anchor": "end" }));
      element.addEventListener("pointerenter", () => this.highlight(column, row.name));
      element.addEventListener("pointerleave", () => this.highlight(-1, ""));
      this.known.set(key, element);
      this.boxes.append(element);
    }
    const [title, rect, name, figure] = element.children;
    const label = row.name === "" ? "nobody" : short(row.name);
    const number = row.rate === null ? "" : rate(row.rate);
    const room = Math.floor((width - 22 - number.length * 7) / 6.7);
    element.setAttribute("transform", `translate(${x} ${row.y})`);
    element.classList.toggle("idle", row.rate === 0);
    element.classList.toggle("bad", (row.failed ?? 0) > row.rate * BAD_SHARE);
    element.classList.toggle("draining", row.state === "draining");
    text(title, (row.name || label) + (row.state ? ", " + row.state : "") + (row.rate === null ? "" : ": " + number + " a second") + (row.failed ? ", " + rate(row.failed) + " of them failed" : ""));
    rect.setAttribute("width", width);
    name.setAttribute("x", 9);
    text(name, label.length > room ? label.slice(0, Math.max(1, room - 1)) + "…" : label);
    figure.setAttribute("x", width - 9);
    text(figure, number);
    return key;
  }

  flow(link, x1, x2) {
    const key = "flow " + link.key;
    let element = this.known.get(key);
    if (!element) {
      element = s("g", null, s("title"), s("path", { class: "good" }), s("path", { class: "bad" }));
      element.dataset.column = link.column;
      element.dataset.from = link.from.name;
      element.dataset.to = link.to.name;
      this.known.set(key, element);
      this.flows.append(element);
    }
    const y1 = link.from.y + BOX / 2;
    const y2 = link.to.y + BOX / 2;
    const middle = (x1 + x2) / 2;
    const path = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
    const wide = link.rate === 0 ? 1 : Math.min(14, 1.5 + 2.6 * Math.log10(1 + link.rate));
    const [title, good, bad] = element.children;
    text(title, `${link.from.name || "nobody"} → ${link.to.name || "nobody"}: ${rate(link.rate)} a second` + (link.failed ? `, ${rate(link.failed)} of them failed` : ""));
    good.setAttribute("d", path);
    good.setAttribute("stroke-width", wide.toFixed(1));
    element.classList.toggle("idle", link.rate === 0);
    const share = link.rate > 0 ? link.failed / link.rate : 0;
    bad.setAttribute("d", path);
    bad.setAttribute("stroke-width", share > 0 ? Math.max(1.2, wide * share).toFixed(1) : "0");
    return key;
  }

  highlight(column, name) {
    this.svg.classList.toggle("picked", column >= 0);
    for (const flow of this.flows.children) {
      const { column: c, from, to } = flow.dataset;
      flow.classList.toggle("on", (Number(c) === column && from === name) || (Number(c) === column - 1 && to === name));
    }
  }
}

function add(column, name, value, failed = 0) {
  const one = column.get(name) ?? { rate: 0, failed: 0 };
  one.rate += value;
  one.failed += failed;
  column.set(name, one);
}

function tile(name, colour) {
  const value = h("b", null, "–");
  const note = h("span", { class: "note" });
  const line = s("path", { class: "line" });
  const area = s("path", { class: "area" });
  const spark = s("svg", { viewBox: "0 0 300 40", preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  const element = h("div", { class: "tile " + colour }, h("span", { class: "label" }, name), value, note, spark);
  return {
    element,
    show(figure, words, values) {
      text(value, figure);
      text(note, words);
      const top = Math.max(1e-9, ...values);
      const step = 300 / (Math.max(MIN_SPARK, values.length) - 1);
      const left = 300 - step * (values.length - 1);
      const points = values.map((one, i) => `${(left + step * i).toFixed(1)} ${(38 - (one / top) * 34).toFixed(1)}`);
      const path = points.length < 2 ? "" : "M" + points.join("L");
      line.setAttribute("d", path);
      area.setAttribute("d", path && `${path}L300 40L${left.toFixed(1)} 40Z`);
    },
  };
}

export const overview = {
  title: "Overview",

  open(place) {
    const tiles = {
      events: tile("Events", "events"),
      calls: tile("Calls", "calls"),
      failed: tile("Failed calls", "failed"),
      worst: tile("Slowest 1 % of calls", "worst"),
    };
    const callFlow = new Flow(["Callers", "Methods", "Nodes"], "calls", (column, name) =>
      column === 1 ? "#/live/" + encodeURIComponent("call " + name) : "#/live/" + encodeURIComponent(name));
    const eventFlow = new Flow(["Publishers", "Topics", "Subscribers"], "events", (column, name) =>
      column === 1 ? "#/live/" + encodeURIComponent("event " + name) : "#/live/" + encodeURIComponent(name));
    const slow = h("div");
    const failed = h("div");
    let subscribers = new Map(); // topic to the nodes that get its events
    let alive = true;

    place.append(
      h("div", { class: "tiles" }, Object.values(tiles).map((one) => one.element)),
      panel("Calls", "width is rate, red has failed", callFlow.element),
      panel("Events", null, eventFlow.element),
      h("div", { class: "halves" }, panel("Slowest methods", "last ten seconds", slow), panel("Last failures", null, failed)));

    function draw() {
      const nodes = model.nodes.filter((one) => one.state !== "gone");
      tiles.events.show(rate(now(eventsOf)), "a second", series(eventsOf));
      tiles.calls.show(rate(now(callsOf)), "a second", series(callsOf));
      const all = now(callsOf);
      const bad = now(failuresOf);
      tiles.failed.show(rate(bad), all > 0 ? `a second, ${((100 * bad) / all).toFixed(1)} %` : "a second", series(failuresOf));
      tiles.failed.element.classList.toggle("quiet", bad === 0);
      tiles.worst.show(millis(now(worstOf)), `${nodes.length} nodes`, series(worstOf));

      const callers = new Map(), methods = new Map(), servers = new Map();
      const links = [];
      for (const one of nodes) if (Object.keys(one.services).some((service) => service !== "rpc")) servers.set(one.node, { rate: 0, failed: 0, state: one.state });
      for (const edge of calls()) {
        if (edge.method.startsWith("rpc.")) continue; // what this console asks
        add(callers, edge.from, edge.rate, edge.failed);
        add(methods, edge.method, edge.rate, edge.failed);
        add(servers, edge.node, edge.rate, edge.failed);
        links.push({ column: 0, from: edge.from, to: edge.method, rate: edge.rate, failed: edge.failed });
        links.push({ column: 1, from: edge.method, to: edge.node, rate: edge.rate, failed: edge.failed });
      }
      callFlow.draw([callers, methods, servers], links);

      const publishers = new Map(), topics = new Map(), readers = new Map();
      const paths = [];
      for (const edge of publications()) {
        add(publishers, edge.from, edge.rate);
        add(topics, edge.topic, edge.rate);
        paths.push({ column: 0, from: edge.from, to: edge.topic, rate: edge.rate });
      }
      for (const [topic, names] of subscribers) {
        const flowing = topics.get(topic);
        if (!flowing) continue;
        for (const [name, share] of names) {
          add(readers, name, flowing.rate * share);
          paths.push({ column: 1, from: topic, to: name, rate: flowing.rate * share });
        }
      }
      eventFlow.draw([publishers, topics, readers], paths);
      slowest();
    }

    function slowest() {
      const rows = methods().map((name) => ({ name, ...latency(name) })).filter((one) => one.calls > 0 && !one.name.startsWith("rpc."))
        .sort((a, b) => b.p99 - a.p99).slice(0, MAX_FAILURES);
      put(slow, rows.length === 0
        ? empty("No calls", "Nobody has called anything in the last ten seconds.")
        : table([["Method"], ["Calls/s", "num"], ["p50", "num"], ["p99", "num"]], rows.map((one) => ({
          cells: [h("a", { href: "#/live/" + encodeURIComponent("call " + one.name) }, one.name), rate(one.calls / 10), millis(one.p50), millis(one.p99)],
        }))));
    }

    function failures() {
      put(failed, model.failures.length === 0
        ? empty("No failures", "None was seen since this page is open.")
        : table([["Time"], ["Method"], ["Node"], ["What"]], model.failures.map((one) => ({ cells: [
          h("span", { class: "mono dim" }, clock(one.t).slice(0, 8)),
          one.name || one.k, node(one.node), h("span", { class: "cut bad", title: one.what }, one.what)] }))));
    }

    /** Nodes say what they subscribe to; who reads a durable topic stands in Redis. */
    async function readers() {
      try {
        const topics = known();
        const [stats, durable] = await Promise.all([api("stats"), api("durable?topics=" + encodeURIComponent(topics.join(",")))]);
        const found = new Map(topics.map((topic) => [topic, new Map()])); // topic to node to its share
        for (const [id, said] of Object.entries(stats)) {
          for (const one of said.subscriptions) for (const topic of topics) if (fits(one.topic, topic)) found.get(topic).set(id, 1);
        }
        for (const one of durable.topics) for (const group of one.groups ?? []) for (const id of group.nodes) found.get(one.topic)?.set(id, 1 / group.nodes.length); // each event goes to one of them
        found.forEach((nodes) => nodes.delete(model.info?.node));
        subscribers = found;
      } catch {
        // the bar says that the console cannot be reached
      }
      if (alive) setTimeout(readers, 5000);
    }

    const drawn = new ResizeObserver(draw);
    drawn.observe(callFlow.svg);
    draw();
    failures();
    setTimeout(readers, 1500); // when the first topics were seen
    return {
      tail: "failed",
      take(event, data) {
        if (event === "rates" || event === "nodes") draw();
        if (event === "tail") {
          for (const one of data.messages) {
            const wrong = (one.ans ?? []).find((answer) => answer.code);
            const what = wrong ? wrong.problem || "error " + wrong.code : one.problem || (one.done ? "no answer" : "failed");
            model.failures.unshift({ t: one.t, k: one.k, name: one.name, node: wrong?.from ?? one.missing?.[0] ?? one.to, what });
          }
          model.failures.length = Math.min(model.failures.length, MAX_FAILURES);
          failures();
        }
      },
      leave() {
        alive = false;
        drawn.disconnect();
      },
    };
  },
};
