const svgNS = 'http://www.w3.org/2000/svg';

// h returns an HTML element. Strings become text nodes, never markup.
export const h = (tag, attrs, ...children) => fill(document.createElement(tag), attrs, children);

// s returns an SVG element.
export const s = (tag, attrs, ...children) => fill(document.createElementNS(svgNS, tag), attrs, children);

function fill(el, attrs, children) {
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (typeof value === 'function') el.addEventListener(name.slice(2), value);
    else attr(el, name, value);
  }
  el.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
  return el;
}

// attr sets an attribute where it differs. null and false remove it.
export function attr(el, name, value) {
  if (value === null || value === undefined || value === false) el.removeAttribute(name);
  else if (el.getAttribute(name) !== String(value)) el.setAttribute(name, value === true ? '' : value);
}

// text sets the text of an element where it differs.
export function text(el, value) {
  if (el.textContent !== String(value)) el.textContent = value;
}

const kept = new WeakMap();

// keyed makes the children of parent those of items. make(item) returns {el, update(item)}, once for each key.
export function keyed(parent, items, key, make) {
  const old = kept.get(parent) ?? new Map();
  const rows = new Map();
  for (const item of items) {
    const k = key(item);
    if (rows.has(k)) continue;
    const row = old.get(k) ?? make(item);
    row.update?.(item);
    rows.set(k, row);
  }
  for (const [k, row] of old) if (!rows.has(k)) row.el.remove();
  let at = parent.firstElementChild;
  for (const { el } of rows.values()) {
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
  }
  kept.set(parent, rows);
}

// section returns a <section> that is named by its heading.
export function section(title, ...children) {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), children);
}

export const details = (summary, ...children) =>
  h('details', { class: 'data' }, h('summary', null, summary), children);

// facts returns a list of [name, value] pairs.
export const facts = pairs =>
  h('dl', { class: 'facts' }, pairs.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));

// head returns the head of a table.
export const head = names =>
  h('thead', null, h('tr', null, names.map(name => h('th', { scope: 'col' }, name))));

// table returns a data table that can be opened. rows() is called when it is opened, and by update() while it is open.
export function table(summary, names, rows) {
  const body = h('tbody');
  const el = details(summary, h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': summary },
    h('table', null, head(names), body)));
  const update = () => {
    if (el.open) body.replaceChildren(...rows().map(cells => h('tr', null, cells.map(c => h('td', null, c)))));
  };
  el.addEventListener('toggle', update);
  return { el, update };
}
