import { attr, details, facts, h, keyed, text } from './dom.js';
import { num, plural, productPath, stamp } from './format.js';
import { ask, poll } from './net.js';

const names = { HIGH_DEMAND: 'High demand', LOW_STOCK: 'Low stock' };

// The verdicts of docs/WAREHOUSE.md: [name, class, meaning].
const verdicts = {
  PROVEN: ['proven', 'good', 'The events in memory give exactly these numbers.'],
  IN_FLIGHT: ['in flight', 'good', 'Not false. The events of the last 5 seconds before the change may or may not be ' +
    'counted in it, so the events give a range, and these numbers lie in it.'],
  UNCHECKED: ['unchecked', 'plain', 'The memory of this page does not reach back far enough to count again.'],
  EVIDENCE: ['false: evidence', 'bad', 'The events give other numbers.'],
  SCORE: ['false: score', 'bad', 'The score is not the weighted sum of the numbers.'],
  THRESHOLD: ['false: threshold', 'bad', 'The number does not reach the threshold of the change.'],
};

// evidence spells out the numbers that a change rests on.
function evidence(c) {
  if (c.badge === 'LOW_STOCK') {
    return [`${num(c.on_hand)} on hand`, `on at ${num(c.enter)} or less, off above ${num(c.exit)}`];
  }
  const term = (weight, n, name) => (weight === 1 ? '' : `${num(weight)} × `) + plural(n, name);
  const { views, cart_adds, units } = c.weights;
  const sum = [term(views, c.views, 'view'), term(cart_adds, c.cart_adds, 'cart add'), term(units, c.units, 'unit')];
  return [`${num(c.score)} = ${sum.join(' + ')}`,
    `in the last hour; on from ${num(c.enter)}, off below ${num(c.exit)}`];
}

// change is the row of one badge change. stores has the names of stores by id. short leaves the product out.
export function change(c, stores, short) {
  const [sum, rule] = evidence(c), verdict = h('span'), why = h('p', { class: 'muted' });
  const kind = !c.on ? 'off' : c.badge === 'HIGH_DEMAND' ? 'hot' : 'low';
  const product = h('a', { href: productPath(c.product_id, c.store_id) }, c.name || c.product_id);
  const el = h('article', { class: 'change' },
    h('div', null, h('time', null, stamp(c.at)),
      h('p', { class: `pill ${kind}` }, `${names[c.badge] ?? c.badge} ${c.on ? 'on' : 'off'}`)),
    h('div', null, !short && h('h2', null, product),
      h('p', { class: 'muted' }, c.store_id ? stores.get(c.store_id) ?? `store ${c.store_id}` : 'all stores')),
    h('div', null, h('p', { class: 'sum' }, sum), h('p', { class: 'muted' }, rule)),
    h('div', null, h('p', null, verdict), why));
  return { el, update({ verdict: v }) {
    const [name, cls] = verdicts[v.result];
    attr(verdict, 'class', `verdict ${cls}`);
    text(verdict, name);
    text(why, v.text);
  } };
}
change.key = c => `${c.badge}/${c.store_id ?? ''}/${c.product_id}/${c.at}/${c.on}`;

// storeNames are the names of stores by id.
export const storeNames = stores => new Map(stores.map(x => [x.id, x.name || x.id]));

export default function badges(ctx) {
  const { signal, params } = ctx;
  let data = null, stores;
  const list = h('div', { class: 'rows' }), note = h('p', { class: 'muted', role: 'status' }, 'Loading…');
  const tally = h('p', { class: 'tally' });
  const badge = h('select', { id: 'badge', onchange: filter }, [['', 'All badges'], ...Object.entries(names)]
    .map(([value, name]) => h('option', { value, selected: value === params.get('badge') }, name)));
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
      `${c.product_id} ${c.name ?? ''}`.toLowerCase().includes(t));
    keyed(list, found, change.key, c => change(c, stores));
    text(note, found.length ? '' : data.changes.length ? 'No change matches.' : 'No badge has changed yet.');
    const sums = Object.groupBy(found, c => verdicts[c.verdict.result][0]);
    text(tally, [`${plural(found.length, 'change')} since ${stamp(data.from)}`,
      ...Object.entries(sums).map(([name, list]) => `${num(list.length)} ${name}`)].join(' · '));
  }

  poll(signal, 2000, async () => {
    const limit = badge.value || product.value ? 1000 : 200;
    const [changes, seen] = await Promise.all(
      [`/page/badges?limit=${limit}`, '/page/stores'].map(path => ask(path, { signal })));
    data = changes;
    stores = storeNames(seen.stores);
    draw();
  });
  return h('div', { class: 'view' },
    h('section', { class: 'hero' }, h('h1', null, 'Badges'),
      h('p', { class: 'lead' }, 'Each change of a badge, with the numbers it rests on. ' +
        'The page counts the events again, and gives a verdict.'),
      details('What the verdicts mean', facts(Object.values(verdicts).map(([name, , what]) => [name, what])))),
    h('div', { class: 'row filters' }, h('p', { class: 'field' }, h('label', { for: 'badge' }, 'Badge'), badge),
      h('p', { class: 'field' }, h('label', { for: 'product' }, 'Product'), product), tally),
    note, list);
}
