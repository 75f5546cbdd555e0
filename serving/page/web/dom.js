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

// text sets the text of an element in place, so that nothing else of it is touched.
export function text(el, value) {
  if (el.firstChild?.nodeType === Node.TEXT_NODE && el.childNodes.length === 1) {
    if (el.firstChild.data !== String(value)) el.firstChild.data = value;
  } else if (el.textContent !== String(value)) el.textContent = value;
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

let ids = 0;
export const uid = prefix => `${prefix}-${++ids}`;

// sized calls draw(width) for the element now and whenever its width changes.
export function sized(el, signal, draw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    const w = Math.floor(entry.contentRect.width);
    if (w > 0 && w !== width) draw(width = w);
  });
  observer.observe(el);
  signal.addEventListener('abort', () => observer.disconnect());
}

// table returns a <details> with a data table. rows() is called when it is opened, and by update() while it is open.
export function table(summary, head, rows) {
  const body = h('tbody');
  const el = h('details', { class: 'data' }, h('summary', null, summary),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': summary }, h('table', null,
      h('thead', null, h('tr', null, head.map(c => h('th', { scope: 'col' }, c)))), body)));
  const update = () => {
    if (!el.open) return;
    rows().forEach((cells, i) => {
      const tr = body.rows[i] ?? body.appendChild(h('tr', null, cells.map(() => h('td'))));
      cells.forEach((c, j) => text(tr.cells[j], c));
    });
    while (body.rows.length > rows().length) body.deleteRow(-1);
  };
  el.addEventListener('toggle', update);
  return { el, update };
}
