// Latencies by method, as small multiples of the last five minutes.

import { h, put, text, rate, millis, clock, empty } from "./dom.js";
import { model, methods, latency as current } from "./model.js";

const HEIGHT = 150;
const MAX_CHARTS = 24;
const MIN_SECONDS = 60;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(extra) {
  return { stroke: colour("--dim"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px " + colour("--sans"), ...extra };
}

function options(width) {
  const line = (label, name, fill) => ({ label, stroke: colour(name), fill: fill && colour(fill), width: 1.5, points: { size: 3 }, spanGaps: false });
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { y: false, sync: { key: "latency" } },
    scales: { x: { time: true }, y: { range: (chart, low, high) => [0, Math.max(0.1, high * 1.1)] } },
    axes: [axis({ space: 70, size: 26, values: (chart, all) => all.map((one) => clock(one * 1000).slice(0, all.length > 1 && (all[1] - all[0]) % 60 ? 8 : 5)) }), axis({ size: 58, space: 28, values: (chart, all) => all.map((one) => (one === 0 ? "0" : millis(one))) })],
    series: [{}, line("p50", "--p50", "--p50-fill"), line("p95", "--p95"), line("p99", "--p99")],
  };
}

class Chart {
  constructor(method) {
    this.method = method;
    this.now = h("span", { class: "aside" });
    this.place = h("div", { class: "chart" });
    this.readings = h("div", { class: "readings" });
    this.element = h("section", { class: "panel" },
      h("h2", null, h("a", { href: "#/live/" + encodeURIComponent("call " + method) }, method), this.now), this.place, this.readings);
  }

  data() {
    const last = model.points[model.points.length - 1]?.t ?? Date.now();
    const rows = [[], [], [], []];
    for (const point of model.points) {
      const one = point.latency[this.method];
      rows[0].push(point.t / 1000);
      for (let i = 1; i <= 3; i++) rows[i].push(one ? one[i] / 1000 : null);
    }
    if (rows[0].length < MIN_SECONDS) { // the axis does not begin with a single point
      rows[0].unshift(last / 1000 - MIN_SECONDS);
      for (let i = 1; i <= 3; i++) rows[i].unshift(null);
    }
    return rows;
  }

  draw() {
    const width = this.place.clientWidth;
    if (width === 0) return;
    if (!this.chart) {
      this.chart = new uPlot(options(width), this.data(), this.place);
    } else {
      if (this.chart.width !== width) this.chart.setSize({ width, height: HEIGHT });
      this.chart.setData(this.data());
    }
    const one = current(this.method);
    text(this.now, one ? rate(one.calls / 10) + " calls/s" : "silent");
    put(this.readings, one && [["p50", one.p50], ["p95", one.p95], ["p99", one.p99], ["max", one.max]].map(([name, value]) => h("span", { class: name }, h("i", null, name), millis(value))));
  }

  remove() {
    this.chart?.destroy();
    this.element.remove();
  }
}

export const latency = {
  title: "Latency",

  open(place) {
    const charts = new Map();
    const grid = h("div", { class: "multiples" });
    const none = h("div");
    place.append(h("p", { class: "lead" }, "From a request to its reply, as this console has read both: one clock, and no network to the caller. One point each second."), none, grid);

    function draw() {
      const all = methods().filter((name) => !name.startsWith("rpc.")).slice(0, MAX_CHARTS);
      put(none, all.length === 0 && empty("No calls yet", "As soon as somebody calls something, its latency is here."));
      for (const method of all) {
        if (charts.has(method)) continue;
        const chart = new Chart(method);
        charts.set(method, chart);
        grid.append(chart.element);
      }
      for (const [method, chart] of charts) {
        if (all.includes(method)) continue;
        chart.remove();
        charts.delete(method);
      }
      charts.forEach((chart) => chart.draw());
    }

    const resized = new ResizeObserver(draw);
    resized.observe(grid);
    draw();
    return {
      take: (event) => event === "rates" && draw(),
      leave() {
        resized.disconnect();
        charts.forEach((chart) => chart.remove());
      },
    };
  },
};
