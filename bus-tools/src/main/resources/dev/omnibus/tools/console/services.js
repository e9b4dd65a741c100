// What can be called, by the OpenRPC documents of all nodes, with a form for each method.

import { h, put, millis, panel, node, empty, rate } from "./dom.js";
import { api } from "./app.js";
import { model, calls, latency, fits } from "./model.js";

/** Follows a reference within the document. */
function resolved(schema, document) {
  const name = /^#\/components\/schemas\/(.+)$/.exec(schema?.$ref ?? "");
  return (name && document.components?.schemas?.[decodeURIComponent(name[1].replaceAll("~1", "/").replaceAll("~0", "~"))]) || schema || {};
}

function typeOf(schema, document) {
  const whole = resolved(schema, document);
  const type = [whole.type ?? "any"].flat().filter((one) => one !== "null").join(" or ");
  if (whole.enum) return whole.enum.join(" | ");
  if (type === "array") return typeOf(whole.items, document) + "[]";
  return whole.title ?? type;
}

/** A value to begin with. */
function example(schema, document, depth = 0) {
  const whole = resolved(schema, document);
  if (whole.default !== undefined) return whole.default;
  if (whole.examples?.length) return whole.examples[0];
  if (whole.enum?.length) return whole.enum[0];
  const type = [whole.type].flat().find((one) => one !== "null");
  if (type === "object" && depth < 4) {
    return Object.fromEntries(Object.entries(whole.properties ?? {}).map(([name, one]) => [name, example(one, document, depth + 1)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false, array: [], object: {} }[type] ?? null;
}

const mayCall = (method) => (model.info?.calls ?? []).some((one) => fits(one, method));

function input(param, document) {
  const schema = resolved(param.schema, document);
  const type = [schema.type].flat().find((one) => one !== "null");
  const start = example(param.schema, document);
  if (schema.enum) return h("select", null, schema.enum.map((one) => h("option", { value: JSON.stringify(one) }, String(one))));
  if (type === "boolean") return h("select", null, h("option", { value: "false" }, "false"), h("option", { value: "true" }, "true"));
  if (type === "string") return h("input", { type: "text", "data-kind": "text", spellcheck: "false", value: start ?? "" });
  if (type === "integer" || type === "number") return h("input", { type: "number", step: type === "integer" ? "1" : "any", value: String(start ?? 0) });
  const area = h("textarea", { rows: "4", spellcheck: "false" });
  area.value = JSON.stringify(start, null, 2);
  return area;
}

function value(field) {
  return field.dataset.kind === "text" ? field.value : JSON.parse(field.value);
}

function form(method, document) {
  const fields = (method.params ?? []).map((param) => ({ param, field: input(param, document) }));
  const nodes = method["x-nodes"] ?? [];
  const where = h("select", { "aria-label": "Where" }, h("option", { value: "" }, "any node"), h("option", { value: "*" }, `all ${nodes.length} nodes`), nodes.map((id) => h("option", { value: id }, id)));
  const timeout = h("input", { type: "number", value: "5000", min: "1", max: "60000", "aria-label": "Timeout in ms" });
  const send = h("button", { class: "primary", type: "submit" }, "Call");
  const answer = h("div", { class: "answer" });
  const allowed = mayCall(method.name);

  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    put(answer, h("p", { class: "dim" }, "…"));
    try {
      const params = Object.fromEntries(fields.map(({ param, field }) => {
        try {
          return [param.name, value(field)];
        } catch (failure) {
          throw new Error(`${param.name} is no JSON: ${failure.message}`);
        }
      }));
      const got = await api("call", "POST", {
        method: method.name, params: fields.length ? params : [], timeoutMs: Number(timeout.value),
        all: where.value === "*", node: where.value === "*" ? "" : where.value,
      });
      put(answer, result(got));
    } catch (failure) {
      put(answer, h("p", { class: "bad" }, failure.message));
    }
    send.disabled = false;
  }

  function result(got) {
    const missing = Object.entries(got.missing ?? {});
    return [
      h("p", { class: got.ok ? "good" : "bad" }, got.ok ? "Answered" : got.reason ?? "Incomplete", ` in ${millis(got.elapsedMs)}`,
        got.notExecuted === true && ", was not executed", got.notExecuted === false && ", may have been executed"),
      got.message && h("p", null, got.message),
      (got.replies ?? []).map((reply) => h("div", { class: "reply" },
        (reply.node || reply.ms !== undefined) && h("div", { class: "from" }, node(reply.node), reply.ms !== undefined && h("span", { class: "dim" }, millis(reply.ms))),
        reply.error ? h("pre", { class: "bad" }, reply.error) : h("pre", null, JSON.stringify(reply.value, null, 2)))),
      missing.map(([id, reason]) => h("p", { class: "bad" }, `${id}: ${reason}`)),
    ];
  }

  return h("form", { class: "call", onsubmit: submit },
    fields.map(({ param, field }) => h("label", null, h("span", null, param.name, h("i", null, typeOf(param.schema, document))), field)),
    allowed
      ? h("div", { class: "buttons" }, send, where, h("label", { class: "inline" }, timeout, "ms"))
      : h("p", { class: "dim" }, "This console only reads. To call from here, start it with ", h("code", null, `--allow-call '${method.name}'`), "."),
    answer);
}

export const services = {
  title: "Services",

  open(place, wanted) {
    const list = h("div", { class: "methods" });
    const form1 = h("div", { class: "form" });
    place.append(h("div", { class: "split" }, panel("Methods", null, list), panel(null, null, form1)));
    let document = { methods: [] };
    let picked = wanted;

    function row(method) {
      const time = latency(method.name);
      const called = calls().filter((one) => one.method === method.name).reduce((sum, one) => sum + one.rate, 0);
      return h("a", { class: "method", href: "#/services/" + method.name, "aria-current": method.name === picked },
        h("span", { class: "mono" }, method.name.slice(method.name.lastIndexOf(".") + 1)),
        method["x-drift"] && h("span", { class: "badge warn" }, "drift"),
        h("span", { class: "dim num" }, called > 0 ? rate(called) + "/s" : "", time ? " · " + millis(time.p50) : ""));
    }

    function draw() {
      const byService = new Map();
      for (const method of document.methods) {
        if (method.name.startsWith("rpc.")) continue;
        const service = method.name.slice(0, method.name.lastIndexOf("."));
        byService.set(service, [...(byService.get(service) ?? []), method]);
      }
      put(list, byService.size === 0 && empty("No services", "No node that serves anything has answered."),
        [...byService].map(([service, methods]) => {
          const nodes = new Set(methods.flatMap((one) => one["x-nodes"] ?? []));
          return [h("h3", null, service, h("span", { class: "aside" }, `${nodes.size} node${nodes.size === 1 ? "" : "s"}`)), methods.map(row)];
        }));
    }

    function open() {
      const method = document.methods.find((one) => one.name === picked)
        ?? document.methods.find((one) => one.name.startsWith(picked + "."))
        ?? document.methods.find((one) => !one.name.startsWith("rpc."));
      if (!method) return put(form1);
      picked = method.name;
      put(form1,
        h("h2", null, method.name),
        h("p", { class: "signature mono" }, method["x-shape"] || "Its nodes do not say what it takes."),
        method.description && h("p", null, method.description),
        h("p", null, (method["x-nodes"] ?? []).map((id) => h("span", { class: "tag" }, node(id)))),
        method["x-drift"] && h("div", { class: "drift" }, h("b", null, "Nodes do not agree"), Object.entries(method["x-drift"]).map(([shape, on]) => h("p", null, h("code", null, shape || "(not said)"), " on ", on.map((id) => h("span", { class: "tag" }, node(id)))))),
        form(method, document));
      draw();
    }

    let alive = true;
    let asked = 0;
    async function load() {
      asked = Date.now();
      const answer = await api("services");
      if (!alive) return;
      const first = document.methods.length === 0;
      document = answer.document;
      if (first) open();
      draw();
      if (answer.problem) put(list, empty("Services cannot be listed", answer.problem));
    }

    load().catch((failure) => put(list, empty("Services cannot be listed", failure.message)));
    return {
      take(event) {
        if (event === "nodes" && Date.now() - asked > 2000) load().catch(() => {});
        else if (event === "rates") draw();
      },
      leave: () => (alive = false),
    };
  },
};
