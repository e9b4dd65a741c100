// The live tail: a ring of the last messages and a few dozen rows that are painted over, so that its cost does not grow with the traffic.

import { h, put, text, bytes, count, millis, clock, node, short, empty } from "./dom.js";
import { api, show, notice } from "./app.js";

const RING = 10000;
const ROW = 24;
const MAX_PRETTY = 64 * 1024;
const KINDS = { event: "event", request: "call", reply: "reply", cancel: "cancel", presence: "node", bad: "bad" };

/** The last messages, by number. */
class Ring {
  constructor() {
    this.clear();
  }

  clear() {
    this.items = [];
    this.first = 0; // where the oldest is in items, once it is full
    this.byNumber = new Map();
  }

  get length() {
    return this.items.length;
  }

  at(i) {
    return this.items[(this.first + i) % this.items.length];
  }

  add(message) {
    if (this.items.length < RING) {
      this.items.push(message);
    } else {
      this.byNumber.delete(this.items[this.first].n);
      this.items[this.first] = message;
      this.first = (this.first + 1) % RING;
    }
    this.byNumber.set(message.n, message);
  }

  copy() {
    const copy = new Ring();
    for (let i = 0; i < this.length; i++) copy.add(this.at(i));
    return copy;
  }
}

/** What has become of a message: a word and whether it is bad. */
function outcome(m) {
  if (m.k !== "request") return m.problem ? [m.problem, true] : ["", false];
  if (m.oneWay) return ["one way", false];
  const answers = m.ans ?? [];
  const wrong = answers.find((one) => one.code);
  const slowest = answers.reduce((most, one) => Math.max(most, one.ms), 0);
  if (m.all) {
    const missing = m.missing?.length ? `, ${m.missing.length} missing` : "";
    return [`${answers.length} in ${millis(slowest)}${missing}`, Boolean(wrong || missing)];
  }
  if (wrong) return [millis(slowest) + " " + (wrong.problem || wrong.code), true];
  if (answers.length) return [millis(slowest), false];
  if (m.done) return ["no answer", true];
  return [m.cancelled ? "cancelled" : "…", false];
}

function json(text, cut) {
  if (cut || text.length > MAX_PRETTY) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function quoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

/** The same by the command line; empty if there is none. */
function command(m, whole) {
  try {
    const message = JSON.parse(whole.text);
    if (m.k === "event") return `omnibus pub ${m.name} ${quoted(JSON.stringify(message.data))}`;
    if (m.k === "request") return `omnibus ${m.all ? "ask" : "call"} ${m.name} ${quoted(JSON.stringify(message.params))}`;
  } catch {
    // it was cut, or hidden
  }
  return "";
}

let lastFilter = "";
let kept = new Ring(); // stays when another page is shown
let notShown = 0;

export const live = {
  title: "Live",

  open(place, wanted) {
    if (wanted) lastFilter = wanted;
    let ring = kept;
    ring.clear();
    notShown = 0;
    let frozen = null; // what is shown while nothing moves
    let opened = null;
    let dirty = true;
    let alive = true;

    const filter = h("input", {
      type: "search", placeholder: "orders.*   call   failed   >5ms   /data/sku=sku-1   shop", "aria-label": "Filter", spellcheck: "false",
      title: "Words that all have to fit: a pattern or a part of a name or a node; event, call, reply, presence; failed; >5ms; /pointer=value",
    });
    filter.value = lastFilter;
    const chips = ["event", "call", "presence", "failed"].map((word) =>
      h("button", { class: "chip", "data-word": word, onclick: () => toggle(word) }, word + (word === "event" || word === "call" ? "s" : "")));
    const hold = h("button", { onclick: () => (frozen ? follow() : freeze()), title: "Space" }, "Pause");
    const facts = h("span", { class: "facts" });
    const rows = h("div", { class: "rows", role: "list" });
    const spacer = h("div", { class: "spacer" });
    const list = h("div", { class: "list", tabindex: "0", "aria-label": "Messages" }, spacer, rows);
    const detail = h("aside", { class: "detail", hidden: true });
    const heading = h("div", { class: "line heading" }, ["Time", "Kind", "Name", "From", "To", "Outcome", "Size", "Content"].map((one) => h("span", null, one)));
    const none = h("div", { class: "none" });
    place.append(
      h("div", { class: "tools" }, filter, chips, h("span", { class: "space" }), facts, hold),
      h("div", { class: "tail" }, h("div", { class: "listing" }, heading, list, none), detail));

    const cells = [];

    function line() {
      const parts = ["time", "kind", "name", "from", "to", "out", "size", "body"].map((name) => h("span", { class: name }));
      const element = h("div", { class: "line", role: "listitem" }, parts);
      element.addEventListener("click", () => open(element.message));
      return { element, parts };
    }

    let received = 0; // with the filter that is set

    function paint() {
      if (!alive) return;
      requestAnimationFrame(paint);
      if (!dirty) return;
      dirty = false;
      const view = frozen ?? ring;
      const height = list.clientHeight;
      const total = view.length * ROW;
      spacer.style.height = total + "px";
      if (!frozen) list.scrollTop = total;
      const top = frozen ? list.scrollTop : Math.max(0, total - height);
      const from = Math.floor(top / ROW);
      const visible = Math.min(view.length - from, Math.ceil(height / ROW) + 1);
      while (cells.length < visible) {
        const cell = line();
        cells.push(cell);
        rows.append(cell.element);
      }
      rows.style.transform = `translateY(${from * ROW}px)`;
      cells.forEach((cell, i) => {
        cell.element.hidden = i >= visible;
        if (i < visible) fill(cell, view.at(from + i));
      });
      none.hidden = view.length > 0;
      text(none, filter.value.trim() ? "Nothing that fits has been seen yet." : "Nothing has been seen yet.");
      const waiting = frozen ? ring.length - frozen.length + (ring.length === RING ? "+" : "") : "";
      text(facts, `${count(view.length)} shown` + (notShown ? `, ${count(notShown)} too fast to show` : "") + (frozen && waiting !== 0 ? `, ${waiting} new` : ""));
      facts.classList.toggle("bad", notShown > 0);
    }

    function fill({ element, parts }, m) {
      const [what, wrong] = outcome(m);
      element.message = m;
      element.classList.toggle("bad", wrong || m.k === "bad");
      element.classList.toggle("opened", m.n === opened);
      element.dataset.kind = m.k;
      const to = m.all ? "all" : m.to || (m.k === "event" ? "" : m.ans?.[0]?.from ?? "");
      [clock(m.t), KINDS[m.k] ?? m.k, m.name || m.id, short(m.from), short(to), what, bytes(m.bytes), m.body].forEach((value, i) => text(parts[i], value));
    }

    function freeze() {
      if (frozen) return;
      frozen = ring.copy();
      text(hold, "Continue");
      hold.classList.add("primary");
      dirty = true;
    }

    function follow() {
      frozen = null;
      text(hold, "Pause");
      hold.classList.remove("primary");
      dirty = true;
    }

    async function open(m) {
      if (!m) return;
      freeze();
      opened = m.n;
      dirty = true;
      detail.hidden = false;
      put(detail, h("p", { class: "dim" }, "…"));
      try {
        const whole = await api("message/" + m.n);
        if (opened === m.n) put(detail, details(m, whole));
      } catch (failure) {
        put(detail, closer(), empty("Not kept", failure.message));
      }
    }

    function closer() {
      return h("button", { class: "quiet close", "aria-label": "Close", onclick: close }, "×");
    }

    function close() {
      opened = null;
      detail.hidden = true;
      dirty = true;
    }

    function copy(label, value) {
      return value && h("button", { onclick: () => navigator.clipboard.writeText(value).then(() => notice("Copied"), () => notice("The browser does not let this page copy")) }, label);
    }

    function details(m, whole) {
      const facts = [["Channel", whole.channel], ["Id", whole.id], ["Sequence", whole.seq], ["From", whole.from], ["To", m.all ? "all nodes" : whole.to], ["Size", bytes(whole.bytes)], ["Problem", whole.problem]];
      return [
        closer(),
        h("h2", null, whole.name || KINDS[whole.k]),
        h("dl", null, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", { class: "mono" }, String(value))])),
        h("div", { class: "buttons" }, copy("Copy JSON", whole.whole.text), copy("Copy command", command(m, whole.whole))),
        body(whole.whole),
        (whole.replies ?? []).map((reply) => [
          h("h3", { class: reply.code ? "bad" : "" }, "Reply of ", node(reply.from), h("span", { class: "aside" }, millis(reply.ms))),
          body(reply)]),
        whole.missing && h("h3", { class: "bad" }, "No reply of " + whole.missing.join(", ")),
      ];
    }

    function body(one) {
      if (one.hidden) return h("p", { class: "dim" }, "This console shows no content.");
      return [h("pre", null, json(one.text, one.cut)), one.cut && h("p", { class: "dim" }, `The first ${bytes(one.text.length)} of ${bytes(one.bytes)}.`)];
    }

    function toggle(word) {
      const all = filter.value.trim().split(/\s+/).filter(Boolean);
      filter.value = (all.includes(word) ? all.filter((one) => one !== word) : [word, ...all]).join(" ");
      apply();
    }

    function marks() {
      const all = filter.value.trim().split(/\s+/);
      for (const chip of chips) chip.classList.toggle("on", all.includes(chip.dataset.word));
    }

    async function apply() {
      lastFilter = filter.value.trim();
      marks();
      try {
        await show(lastFilter);
        filter.setCustomValidity("");
        kept.clear();
        notShown = 0;
        received = 0;
        close();
        follow();
      } catch (failure) {
        filter.setCustomValidity(failure.message);
        filter.reportValidity();
      }
    }

    let typing = 0;
    filter.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(apply, 300);
    });
    list.addEventListener("wheel", (event) => event.deltaY < 0 && freeze(), { passive: true });
    list.addEventListener("scroll", () => {
      if (!frozen) return;
      dirty = true;
    });
    const resized = new ResizeObserver(() => {
      heading.style.paddingRight = 14 + list.offsetWidth - list.clientWidth + "px"; // above the scroll bar
      dirty = true;
    });
    resized.observe(list);
    marks();
    paint();

    return {
      tail: lastFilter,
      take(event, data) {
        if (event !== "tail") return;
        notShown += data.notShown;
        received += data.messages.length;
        list.dataset.received = received;
        list.dataset.notShown = notShown;
        for (const message of data.messages) ring.add(message);
        for (const pair of data.pairs) {
          const known = ring.byNumber.get(pair.n);
          if (known) Object.assign(known, pair);
        }
        dirty = true;
      },
      key(key) {
        if (key === "/") {
          filter.focus();
          return true;
        }
        if (key === " ") {
          frozen ? follow() : freeze();
          return true;
        }
        if (key === "Escape") {
          close();
          return true;
        }
        if (key === "c") {
          apply();
          return true;
        }
        return false;
      },
      leave() {
        alive = false;
        resized.disconnect();
      },
    };
  },
};
