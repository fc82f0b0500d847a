// Visits the calculator without a browser and prints, as JSON, the numbers of the functions that ran: those that a
// first visit needs. With a program that is already cut, prints how often the rest was asked for instead. Prints a digest
// of all that was on the page too, which must be the same for both.
// Run by xtask: node visit.mjs GLUE WASM BOOKS. There is just enough of a browser here for that one page.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [glue, program, books] = process.argv.slice(2);
const HTML = "http://www.w3.org/1999/xhtml";

class Node {
  parentNode = null;
  children = [];
  get parentElement() { return this.parentNode; }
  get childNodes() { return this.children; }
  get lastChild() { return this.children.at(-1) ?? null; }
  get nextSibling() {
    const siblings = this.parentNode?.children ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }
  insertBefore(child, before) {
    child.parentNode?.removeChild(child);
    const place = before ? this.children.indexOf(before) : this.children.length;
    if (place < 0) throw new Error("insertBefore: not a child");
    this.children.splice(place, 0, child);
    child.parentNode = this;
    return child;
  }
  removeChild(child) {
    this.children.splice(this.children.indexOf(child), 1);
    child.parentNode = null;
    return child;
  }
}

class Text extends Node {
  constructor(text) {
    super();
    this.nodeValue = text;
  }
  get shown() { return JSON.stringify(this.nodeValue); }
}

class Element extends Node {
  attributes = new Map();
  listeners = [];
  clientWidth = 640;
  constructor(tag, namespace = HTML) {
    super();
    this.tag = tag;
    this.namespaceURI = namespace;
  }
  get text() { return this.children.map((child) => child.text ?? child.nodeValue).join(""); }
  get shown() {
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).sort();
    return `<${this.tag}${attributes.join("")}>${this.children.map((child) => child.shown).join("")}</>`;
  }
  get value() { return this.typed ?? this.attributes.get("value") ?? ""; }
  set value(value) { this.typed = value; }
  setAttribute(name, value) { this.attributes.set(name, value); }
  removeAttribute(name) { this.attributes.delete(name); }
  addEventListener(kind, listener) { this.listeners.push([kind, listener]); }
  cloneNode() { return element(this.tag, this.namespaceURI); }
  scrollIntoView() {}
  click() {}
  find(matches) {
    if (matches(this)) return this;
    for (const child of this.children) {
      const found = child.find?.(matches);
      if (found) return found;
    }
    return null;
  }
}

class HTMLInputElement extends Element {}
class HTMLSelectElement extends Element {}
class HTMLAnchorElement extends Element {}
const KINDS = { input: HTMLInputElement, select: HTMLSelectElement, a: HTMLAnchorElement };

function element(tag, namespace) {
  return new (KINDS[tag] ?? Element)(tag, namespace);
}

const root = element("div");
const page = element("html");
page.insertBefore(root, null);
const onWindow = [];

const browser = {
  Window: { [Symbol.hasInstance]: (value) => value === globalThis },
  Element, HTMLInputElement, HTMLSelectElement, HTMLAnchorElement,
  ShadowRoot: class {},
  Clipboard: class {},
  Request: class { constructor(address) { this.address = address; } },
  document: {
    title: "",
    documentElement: page,
    getElementById: (id) => (id === "app" ? root : root.find((one) => one.attributes.get("id") === id)),
    createElement: (tag) => element(tag),
    createElementNS: (namespace, tag) => element(tag, namespace),
    createTextNode: (text) => new Text(text),
    addEventListener() {},
  },
  location: { hash: "", search: "", href: "http://localhost/" },
  history: { replaceState() {} },
  navigator: { languages: ["en"] },
  localStorage: { getItem: () => null, setItem() {} },
  addEventListener: (kind, listener) => onWindow.push([kind, listener]),
  fetch: async ({ address }) => new Response(readFileSync(join(books, "..", address))),
};
browser.window = globalThis;
for (const [name, value] of Object.entries(browser)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

// What the parts of a program want from their host, beside the browser.
const ran = new Set();
let fetches = 0;
globalThis.ratecardHost = { watch: (number) => ran.add(number), fetch: () => { fetches += 1; } };
// Never resolved: what waits for the rest is no part of a first visit.
globalThis.ratecardWhole = new Promise(() => {});

const failures = [];
process.on("uncaughtException", (error) => failures.push(error));
process.on("unhandledRejection", (error) => failures.push(error));

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const byHook = (start) => root.find((one) => one.attributes.get("data-test")?.startsWith(start));
const total = () => byHook("total")?.text;
const seen = createHash("sha256");
const look = () => seen.update(`${document.title}\n${page.shown}\n`);

function send(target, kind, more = {}) {
  const path = [];
  for (let node = target; node; node = node.parentNode) path.push(node);
  const event = { target, type: kind, bubbles: true, cancelBubble: false, composedPath: () => path,
    preventDefault() {}, ...more };
  for (const node of path) {
    for (const [of, listener] of node.listeners ?? []) if (of === kind) listener.call(node, event);
  }
}

async function act(target, kind, more) {
  if (!target) throw new Error(`nothing to ${kind}`);
  send(target, kind, more);
  await pause(0);
  look();
}

async function type(text) {
  const field = byHook("quantity-");
  field.value = text;
  await act(field, "input");
  await act(field, "blur");
}

async function visit(lang) {
  await type("1234567.5");
  await type("0");
  await type("2,000,000");
  const before = total();
  const slider = byHook("slider-");
  slider.value = "120";
  await act(slider, "input");
  for (const preset of ["try-out", "scale", "start-up"]) await act(byHook(`preset-${preset}`), "click");
  await pause(100);
  await pause(450);
  for (const [kind, listener] of onWindow) if (kind === "resize") listener({});
  look();
  await act(byHook("lang"), "click");
  await pause(100);
  look();
  if (!before || !total()) throw new Error(`no total is shown in ${lang}`);
}

const module = await import(pathToFileURL(glue));
await module.default({ module_or_path: readFileSync(program) });
for (let wait = 0; wait < 100 && !total(); wait += 1) await pause(20);
look();
await visit("en");
await visit("zh-CN");
if (failures.length > 0) throw failures[0];
console.log(JSON.stringify({ ran: [...ran].sort((a, b) => a - b), fetches, shown: seen.digest("hex") }));
process.exit(0);
