// What every page needs: elements without HTML, so that nothing from the wire is ever read as markup; and numbers as people read them.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Puts children in the place of those that are there. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Changes a text only if it is another one: a page that updates each second stays selectable. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

export function rate(value) {
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(1);
  return count(Math.round(value));
}

export function count(value) {
  if (value < 10000) return value.toLocaleString("en");
  if (value < 1e6) return (value / 1e3).toFixed(value < 1e5 ? 1 : 0) + "k";
  return (value / 1e6).toFixed(1) + "M";
}

export function bytes(value) {
  if (value < 1000) return value + " B";
  if (value < 1e6) return (value / 1e3).toFixed(value < 1e4 ? 1 : 0) + " kB";
  return (value / 1e6).toFixed(1) + " MB";
}

export function millis(value) {
  if (value === 0) return "0 ms";
  if (value < 1) return value.toFixed(2) + " ms";
  if (value < 10) return value.toFixed(1) + " ms";
  if (value < 1000) return Math.round(value) + " ms";
  return (value / 1000).toFixed(1) + " s";
}

export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return seconds + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h " + Math.floor((seconds % 3600) / 60) + " min";
  return Math.floor(seconds / 86400) + " d " + Math.floor((seconds % 86400) / 3600) + " h";
}

const pad = (value, digits) => String(value).padStart(digits, "0");

export function clock(ms) {
  const at = new Date(ms);
  return pad(at.getHours(), 2) + ":" + pad(at.getMinutes(), 2) + ":" + pad(at.getSeconds(), 2) + "." + pad(at.getMilliseconds(), 3);
}

/** A node's id without most of its random part, which four characters stand for. */
export const short = (id) => id.replace(/-([a-z0-9]{4})[a-z0-9]{8}$/, "-$1");

/** A node's id: the random part is dim, because people know nodes by their application. */
export function node(id) {
  const name = short(id);
  const dash = name.lastIndexOf("-");
  if (dash < 1) return h("span", { class: "node", title: id }, id || "–");
  return h("span", { class: "node", title: id }, name.slice(0, dash), h("i", null, name.slice(dash)));
}

export function empty(title, words) {
  return h("div", { class: "empty" }, h("b", null, title), h("p", null, words));
}

export function panel(title, aside, ...children) {
  return h("section", { class: "panel" }, title && h("h2", null, title, aside && h("span", { class: "aside" }, aside)), ...children);
}

/** A table; numbers stand to the right. A column is [heading, "num" or nothing]. */
export function table(columns, rows) {
  const head = h("tr", null, columns.map(([name, kind]) => h("th", { class: kind, scope: "col" }, name)));
  const body = rows.map(({ cells, ...attributes }) =>
    h("tr", attributes, cells.map((cell, i) => h("td", { class: columns[i][1] }, cell))));
  return h("div", { class: "scroll" }, h("table", null, h("thead", null, head), h("tbody", null, body)));
}
