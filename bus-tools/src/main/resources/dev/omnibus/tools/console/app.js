// The frame: the token, requests, the one stream of this page, the navigation and the bar. Pages are in files of their own.

import { h, put, text, rate, count, bytes, millis } from "./dom.js";
import { model, addPoint, clear, now, eventsOf, callsOf, failuresOf } from "./model.js";
import { overview } from "./overview.js";
import { live } from "./live.js";
import { nodes, topics, doctor } from "./tables.js";
import { services } from "./services.js";
import { latency } from "./latency.js";

const PAGES = { overview, live, nodes, services, topics, latency, doctor };
const UNTOUCHED = 15 * 60 * 1000;
const HIDDEN = 5 * 1000;

const token = takeToken();
const browser = stored("omnibus.browser", () => crypto.randomUUID());

/** The token comes behind the #, which is never sent; from there it goes where other pages of this machine cannot read it. */
function takeToken() {
  const given = /[#&]token=([\w-]+)/.exec(location.hash);
  if (given) {
    localStorage.setItem("omnibus.token", given[1]);
    history.replaceState(null, "", "#/overview");
  }
  return localStorage.getItem("omnibus.token") ?? "";
}

function stored(name, make) {
  let value = localStorage.getItem(name);
  if (!value) localStorage.setItem(name, (value = make()));
  return value;
}

/** A request. Throws an Error with what the console says. */
export async function api(path, method = "GET", body = undefined) {
  const headers = { Authorization: "Bearer " + token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch("api/" + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error ?? response.statusText), { status: response.status });
  return answer;
}

// The stream

let aborter = null;
let streamId = null;
let tail = null; // the filter of the page that is shown; null: it shows no messages
let paused = null; // why nothing is streamed; null: it is
let retries = 0;
let touched = Date.now();

async function connect() {
  if (aborter || paused) return;
  const mine = (aborter = new AbortController());
  state("connecting");
  try {
    const query = "browser=" + encodeURIComponent(browser) + (tail === null ? "" : "&tail=" + encodeURIComponent(tail));
    const response = await fetch("api/stream?" + query, { headers: { Authorization: "Bearer " + token }, signal: mine.signal });
    if (!response.ok) {
      const answer = await response.json();
      if (response.status === 401) return locked();
      if (response.status === 400) return pause(answer.error);
      throw new Error(answer.error);
    }
    retries = 0;
    const points = await api("traffic");
    clear();
    points.points.forEach(addPoint);
    await read(response.body.getReader());
    throw new Error("The console has closed the stream");
  } catch (failure) {
    if (mine.signal.aborted || paused) return;
    aborter = null;
    state("down", failure.message);
    setTimeout(connect, Math.min(5000, 500 * 2 ** retries++));
  } finally {
    if (aborter === mine && (paused || mine.signal.aborted)) aborter = null;
  }
}

/** Reads events, which may come in any pieces. */
async function read(reader) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const event = /^event: (\w+)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (event && data) take(event[1], JSON.parse(data[1]));
    }
  }
}

function take(event, data) {
  switch (event) {
    case "hello":
      model.info = data;
      streamId = data.id;
      state("live");
      break;
    case "rates":
      addPoint(data);
      bar();
      break;
    case "nodes":
      model.nodes = data;
      break;
    case "notice":
      notice(data.text);
      break;
    case "bye":
      pause(data.text);
      break;
  }
  shown?.take?.(event, data);
}

function pause(why) {
  paused = why;
  streamId = null;
  aborter?.abort();
  aborter = null;
  state("paused", why);
}

export function resume() {
  paused = null;
  touched = Date.now();
  connect();
}

/** Shows other messages; null for none. */
export async function show(filter) {
  tail = filter;
  if (!streamId) return;
  await api("stream/" + streamId, "PUT", { tail: filter }).catch((failure) => {
    if (failure.status !== 404) throw failure;
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    setTimeout(() => {
      if (document.hidden && !paused) pause("hidden");
    }, HIDDEN);
  } else if (paused === "hidden") {
    resume();
  }
});

for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, () => (touched = Date.now()), { passive: true });
setInterval(() => {
  if (!paused && Date.now() - touched > UNTOUCHED) pause("nobody has touched this page for 15 minutes");
}, 10000);

// The frame

const light = h("span", { class: "light" });
const words = h("span", { class: "state" });
const again = h("button", { class: "primary", hidden: true, onclick: resume }, "Continue");
const figures = {};
const theme = h("button", { class: "quiet", title: "Light or dark", "aria-label": "Light or dark", onclick: switchTheme }, "◐");

function figure(name, unit, title) {
  figures[name] = h("b", null, "–");
  return h("span", { class: "figure " + name, title }, figures[name], " ", unit);
}

function frame() {
  put(document.getElementById("nav"),
    h("a", { class: "brand", href: "#/overview" }, h("img", { src: "icon.svg", alt: "" }), h("span", null, "Omnibus")),
    Object.entries(PAGES).map(([name, page]) => h("a", { href: "#/" + name, "data-page": name }, page.title)));
  put(document.getElementById("bar"), light, words, again, h("span", { class: "space" }),
    figure("events", "events/s", "Events, mean of the last ten seconds"),
    figure("calls", "calls/s", "Replies and calls without one, mean of the last ten seconds"),
    figure("failed", "failed/s", "Calls that failed or were not answered"),
    figure("missed", "missed", "Frames that this console was too slow to read, since it began to watch"),
    theme);
}

function bar() {
  const failed = now(failuresOf);
  const watch = model.points[model.points.length - 1].watch ?? {};
  text(figures.events, rate(now(eventsOf)));
  text(figures.calls, rate(now(callsOf)));
  text(figures.failed, rate(failed));
  text(figures.missed, count(watch.dropped ?? 0));
  figures.failed.parentNode.classList.toggle("bad", failed > 0);
  figures.missed.parentNode.classList.toggle("bad", (watch.dropped ?? 0) > 0);
  if (!paused) words.title = "Watching costs the bus: " + bytes(watch.bytes ?? 0) + " sent here so far, and a script for each call";
}

function state(kind, why) {
  light.className = "light " + kind;
  again.hidden = kind !== "paused";
  text(words, { live: model.info ? "Live as " + model.info.node : "Live", connecting: "Connecting…", down: why, paused: "Paused: " + why }[kind] ?? kind);
  document.body.classList.toggle("stopped", kind === "paused" || kind === "down");
}

function locked() {
  pause("no key");
  put(document.getElementById("page"), h("div", { class: "empty" }, h("b", null, "This page needs its key"),
    h("p", null, "Open the address that the console has printed in the terminal: it ends with #token=… and is new each time the console starts.")));
}

export function notice(words) {
  const line = h("div", { class: "notice" }, words, h("button", { class: "quiet", "aria-label": "Close", onclick: () => line.remove() }, "×"));
  const all = document.getElementById("notices");
  all.append(line);
  if (all.children.length > 3) all.firstChild.remove();
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("omnibus.theme", document.documentElement.dataset.theme);
  navigate();
}

// The pages

let shown = null;

function navigate() {
  const [name, ...rest] = location.hash.replace(/^#\//, "").split("/");
  const page = PAGES[name] ?? overview;
  shown?.leave?.();
  shown = null;
  document.title = page.title + " – Omnibus";
  for (const link of document.querySelectorAll("#nav a[data-page]")) {
    link.toggleAttribute("aria-current", PAGES[link.dataset.page] === page);
  }
  const place = document.getElementById("page");
  put(place);
  place.className = "page-" + (PAGES[name] ? name : "overview");
  shown = page.open(place, decodeURIComponent(rest.join("/")));
  show(shown.tail ?? null).catch((failure) => notice(failure.message));
}

addEventListener("hashchange", navigate);
addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (shown?.key?.(event.key)) event.preventDefault();
});

const theme0 = localStorage.getItem("omnibus.theme");
if (theme0) document.documentElement.dataset.theme = theme0;
frame();
if (token) {
  navigate();
  connect();
} else {
  locked();
}
