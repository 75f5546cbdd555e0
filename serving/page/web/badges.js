import { attr, h, keyed, text } from './dom.js';
import { label, num, plural, productPath, stamp } from './format.js';
import { ask, poll } from './net.js';

const names = { HIGH_DEMAND: 'High demand', LOW_STOCK: 'Low stock' };
const verdicts = { PROVEN: 'good', IN_FLIGHT: 'good', UNCHECKED: 'plain' };

// evidence spells out the numbers that a change rests on.
function evidence(c) {
  if (c.badge === 'LOW_STOCK') {
    return [`${num(c.on_hand)} on hand`, `on at ${num(c.enter)} or less, off above ${num(c.exit)}`];
  }
  const w = c.weights ?? { views: 1, cart_adds: 5, units: 10 };
  const term = (weight, n, name) => (weight === 1 ? '' : `${num(weight)} × `) + plural(n, name);
  const terms = [term(w.views, c.views, 'view'), term(w.cart_adds, c.cart_adds, 'cart add'),
    term(w.units, c.units, 'unit')];
  return [`${num(c.score)} = ${terms.join(' + ')}`,
    `on from ${num(c.enter)}, off below ${num(c.exit)}`];
}

// change is the row of one badge change. short leaves the product out.
export function change(c, short) {
  const [sum, rule] = evidence(c), verdict = h('span'), says = h('p', { class: 'muted' });
  const el = h('article', { class: 'change' },
    h('div', null, h('time', null, stamp(c.at)),
      h('p', { class: `pill ${c.on ? c.badge === 'HIGH_DEMAND' ? 'hot' : 'low' : 'off'}` },
        `${names[c.badge] ?? c.badge} ${c.on ? 'on' : 'off'}`)),
    h('div', null, !short && h('h2', null, h('a', { href: productPath(c.product_id, c.store_id) },
      label(c.name, c.product_id))),
      h('p', { class: 'muted' }, c.store_id ? `store ${c.store_id}` : 'all stores')),
    h('div', null, h('p', { class: 'sum' }, sum), h('p', { class: 'muted' }, rule)),
    h('div', null, h('p', null, verdict), says));
  return { el, update({ verdict: v }) {
    attr(verdict, 'class', `verdict ${verdicts[v?.result] ?? 'bad'}`);
    text(verdict, (v?.result ?? 'UNCHECKED').toLowerCase().replace('_', ' '));
    text(says, v?.text ?? '');
  } };
}
change.key = c => `${c.badge}/${c.store_id ?? ''}/${c.product_id}/${c.at}/${c.on}`;

export default function badges(ctx) {
  const { signal, params } = ctx;
  let data = null;
  const list = h('div', { class: 'rows' }), note = h('p', { class: 'muted', role: 'status' });
  const tally = h('p', { class: 'tally' });
  const badge = h('select', { id: 'badge', onchange: filter },
    [['', 'All badges'], ...Object.entries(names)].map(([value, name]) =>
    h('option', { value, selected: value === params.get('badge') }, name)));
  const product = h('input', { id: 'product', type: 'search', value: params.get('product') ?? '',
    placeholder: 'Name or id', oninput: filter, maxlength: 128, autocomplete: 'off' });

  function filter() {
    ctx.query({ badge: badge.value, product: product.value.trim() });
    draw();
  }

  function draw() {
    if (!data) return;
    const t = product.value.trim().toLowerCase();
    const found = data.changes.filter(c => (!badge.value || c.badge === badge.value) &&
      (!t || `${c.product_id} ${c.name ?? ''}`.toLowerCase().includes(t)));
    keyed(list, found, change.key, c => change(c));
    text(note, found.length ? '' : data.changes.length ? 'No change matches.' : 'No badge has changed yet.');
    const sums = {};
    for (const c of found) sums[c.verdict.result] = (sums[c.verdict.result] ?? 0) + 1;
    text(tally, [plural(found.length, 'change') + ` since ${stamp(data.from)}`,
      ...Object.entries(sums).map(([k, n]) => `${num(n)} ${k.toLowerCase().replace('_', ' ')}`)].join(' · '));
  }

  poll(signal, 2000, async () => {
    data = await ask(`/page/badges?limit=${badge.value || product.value ? 1000 : 200}`, { signal });
    draw();
  });
  return h('div', { class: 'view' },
    h('section', { class: 'hero' }, h('h1', null, 'Badges'),
      h('p', { class: 'lead' }, 'Every badge, with the numbers it rests on, counted again from the events.')),
    h('div', { class: 'row filters' }, h('p', { class: 'field' }, h('label', { for: 'badge' }, 'Badge'), badge),
      h('p', { class: 'field' }, h('label', { for: 'product' }, 'Product'), product), tally),
    note, list);
}
