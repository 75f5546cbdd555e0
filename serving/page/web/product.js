import { attr, h, keyed, table, text } from './dom.js';
import { change } from './badges.js';
import { chart, clip, spark, valueAt } from './chart.js';
import { clock, label, minute, num, plural, span, stamp } from './format.js';
import { ask, poll, Problem } from './net.js';

const hour = 3_600_000;
const ranges = [['1', 'Last hour'], ['6', '6 hours'], ['24', '24 hours']];

const thing = (type, n) => type === 'RECEIPT' ? `delivery of ${num(n)}` : n < 0 ? `return of ${num(-n)}` : `sale of ${num(n)}`;
const effect = d => d.type === 'RECEIPT' ? d.quantity : -d.quantity;
const known = store => store.points.map(p => [p.at, p.known ? p.on_hand : null]);

// lateness is when something came late to a store the last time.
const lateness = s => Math.max(0, ...s.dropped.map(d => d.arrived), ...s.barriers.filter(b => b.recomputed?.sales).map(b => b.arrived));

// plain returns the line of plain arithmetic where it differs: late sales are subtracted although a count covers them, and a late
// count replaces the stock although it is older than sales that are subtracted already.
function plain(store) {
  const shift = at => {
    const held = store.barriers.findLast(b => b.arrived <= at);
    if (!held) return 0;
    return (held.recomputed?.units ?? 0) + store.dropped.filter(d => d.counted_at === held.counted_at && d.arrived <= at)
      .reduce((sum, d) => sum + effect(d), 0);
  };
  const real = known(store);
  const times = [...new Set([...real.map(p => p[0]), ...store.dropped.map(d => d.arrived), ...store.barriers.map(b => b.arrived)])].sort((a, b) => a - b);
  return times.map(at => {
    const v = valueAt(real, at), off = shift(at);
    return [at, v === null || off === 0 ? null : v + off];
  });
}

// story puts into words what late counts and late sales did, newest first: [{key, at, kind, title, says}].
function story(store) {
  const real = known(store), last = store.barriers.at(-1);
  const counts = store.barriers.filter(b => b.late || b.recomputed?.sales).map(b => {
    const n = b.recomputed?.sales ?? 0, then = valueAt(real, b.arrived);
    return { key: `c${b.counted_at}-${b.arrived}`, at: b.arrived, kind: 'count', title: `Count of ${num(b.quantity)}, ${span(b.arrived - b.counted_at)} late`,
      says: `Counted at ${stamp(b.counted_at)}. ` + (b.late ? `This count arrived ${span(b.arrived - b.counted_at)} late. ` : '') + (n
        ? `${plural(n, 'sale')} after it ${n === 1 ? 'was' : 'were'} applied again on top (${plural(b.recomputed.units, 'unit')}). ${then === null ? '' : `A plain overwrite would have shown ${num(then + b.recomputed.units)} instead of ${num(then)}.`}`
        : 'No sale had come after it, so the stock is what was counted.') };
  });
  const sums = new Map();
  const drops = store.dropped.map((d, i) => {
    const sum = (sums.get(d.counted_at) ?? 0) + effect(d), still = d.counted_at === last?.counted_at && d === store.dropped.at(-1);
    sums.set(d.counted_at, sum);
    const held = valueAt(real, still ? Infinity : d.arrived);
    return { key: `d${d.occurred_at}-${d.arrived}-${i}`, at: d.arrived, kind: 'drop', title: `Late ${thing(d.type, d.quantity)}, dropped`,
      says: `A ${thing(d.type, d.quantity)} from ${stamp(d.occurred_at)} arrived at ${stamp(d.arrived)}. The count of ${stamp(d.counted_at)} covers it: dropped. ` +
        (held === null ? '' : `A plain subtraction would ${still ? 'now show' : 'have shown'} ${num(held + sum)} instead of ${num(held)}.`) };
  });
  return [...counts, ...drops].sort((a, b) => b.at - a.at);
}

function onHand(store, from, now) {
  const real = clip(known(store), from, now), ghost = clip(plain(store), from, now), current = real.at(-1)?.[1];
  const has = ghost.some(p => p[1] !== null);
  return {
    title: `On-hand of ${label(store.name, store.id)} over time`, from, to: now,
    desc: `${current === null || current === undefined ? 'The stock is not known' : `${num(current)} on hand now`}, ${plural(store.barriers.length, 'count')}, ${plural(store.dropped.length, 'late sale')} dropped.`,
    lines: [...(has ? [{ points: ghost, class: 'ghost' }] : []), { points: real }],
    bands: store.barriers.filter(b => b.late && b.arrived > from).map(b => ({ from: b.counted_at, to: b.arrived, class: 'late', label: `This count arrived ${span(b.arrived - b.counted_at)} late.` })),
    marks: store.barriers.map(b => ({ at: b.counted_at, label: `count: ${num(b.quantity)}`, class: 'count' })),
    spots: store.dropped.filter(d => d.arrived >= from).map(d => ({ at: d.arrived, from: d.occurred_at, value: valueAt(known(store), d.arrived) ?? 0,
      label: `Late ${thing(d.type, d.quantity)} of ${minute(d.occurred_at)}: dropped` })),
    read: at => {
      const v = valueAt(real, at), g = valueAt(ghost, at);
      return v === null ? 'not known' : `${num(v)} on hand${g === null ? '' : `; plain arithmetic: ${num(g)}`}`;
    },
  };
}

function sales(p, from) {
  const now = p.now, size = [1, 2, 5, 10, 15].find(m => (now - from) / (m * 60_000) <= 360) * 60_000, bins = new Map();
  for (const { minute: at, units } of p.sales) {
    const bin = Math.floor(at / size) * size;
    if (bin >= from - size) bins.set(bin, (bins.get(bin) ?? 0) + units);
  }
  const window = p.velocity.at(-1)?.window ?? '24h', long = window === '1h' ? hour : 24 * hour, strips = [];
  p.velocity.forEach((v, i) => {
    if (!v.badge) return;
    const to = p.velocity[i + 1]?.at ?? now;
    if (strips.at(-1)?.to === v.at) strips.at(-1).to = to;
    else strips.push({ from: v.at, to, label: 'HIGH_DEMAND' });
  });
  return {
    title: `Units sold in ${size === 60_000 ? 'each minute' : `every ${size / 60_000} minutes`}`, from, to: now,
    desc: `The message counts the last ${window === '1h' ? 'hour' : '24 hours'}.`, bars: { points: [...bins], width: size },
    bands: [{ from: now - long, to: now, label: `The window of the message: ${window}`, shown: window === '1h' ? 'window: 1 h' : 'window: 24 h' }],
    strips: strips.filter(b => b.to > from),
    marks: p.velocity.filter((v, i) => i && v.window !== p.velocity[i - 1].window).map(v => ({ at: v.at, label: `to ${v.window === '1h' ? '1 h' : '24 h'}` })),
    read: at => plural(bins.get(Math.floor(at / size) * size) ?? 0, 'unit'),
  };
}

export default function product(ctx) {
  const { id, signal, params } = ctx;
  let range = params.get('hours') ?? '6', store = params.get('store'), data = null;
  const title = h('h1', null, id), sub = h('p', { class: 'lead' }, '\u00a0'), note = h('p', { class: 'muted', role: 'status' });
  const list = h('ul', { class: 'stores' }), head = h('h3'), now = h('p', { class: 'onhand' }), summary = h('p', { class: 'callout', hidden: true });
  const stock = chart(signal, 300), bars = chart(signal, 200), tale = h('ol', { class: 'story' }), quiet = h('p', { class: 'muted' });
  const barsTitle = h('h2', null, 'Units sold'), changes = h('div', { class: 'rows' }), noChanges = h('p', { class: 'muted' });
  const current = () => data?.stores.find(s => s.id === store) ?? data?.stores[0];
  const points = table('On-hand as a table', ['Time', 'On-hand', 'Event'], () => rowsOf(current()));
  const units = table('Units sold as a table', ['Minute', 'Units'], () => data.sales.toReversed().slice(0, 500).map(x => [stamp(x.minute), num(x.units)]));
  const choices = h('fieldset', { class: 'segments' }, h('legend', { class: 'hidden' }, 'Period'), ranges.map(([value, name]) => h('label', null,
    h('input', { type: 'radio', name: 'range', value, checked: value === range, onchange: () => { range = value; ctx.query({ hours: value }); draw(); } }), h('span', null, name))));
  const body = h('div', { class: 'body', hidden: true },
    h('section', { 'aria-labelledby': 'oh' }, h('div', { class: 'row' }, h('h2', { id: 'oh' }, 'On-hand'), choices),
      h('div', { class: 'split' }, list, h('div', { class: 'panel' }, h('div', { class: 'row' }, head, now), stock.el,
        h('p', { class: 'legend', 'aria-hidden': true }, h('span', { class: 'k-line' }, 'on-hand'), h('span', { class: 'k-ghost' }, 'plain arithmetic, without the barrier'),
          h('span', { class: 'k-count' }, 'count'), h('span', { class: 'k-late' }, 'a count under way'), h('span', { class: 'k-drop' }, 'late sale, dropped')), points.el))),
    h('section', { 'aria-labelledby': 'st' }, h('h2', { id: 'st' }, 'What came late'), summary, quiet, tale),
    h('section', null, barsTitle, h('div', { class: 'panel' }, bars.el, h('p', { class: 'legend', 'aria-hidden': true }, h('span', { class: 'k-band' }, 'window of the message'), h('span', { class: 'k-strip' }, 'High demand')), units.el)),
    h('section', { 'aria-labelledby': 'bd' }, h('h2', { id: 'bd' }, 'Badges'), noChanges, changes));

  function draw() {
    const chosen = current();
    if (!chosen) return;
    const from = Math.max(data.from, data.now - Number(range) * hour);
    keyed(list, data.stores, s => s.id, s => storeRow(s.id));
    for (const s of data.stores) rows.get(s.id)(s, s === chosen, from);
    text(head, label(chosen.name, chosen.id));
    const v = valueAt(known(chosen), Infinity);
    text(now, v === null ? 'never counted, so not known' : `${num(v)} on hand`);
    stock.update(onHand(chosen, from, data.now));
    const told = story(chosen), phantom = valueAt(plain(chosen), Infinity);
    attr(summary, 'hidden', phantom === null);
    if (phantom !== null) text(summary, `${label(chosen.name, chosen.id)} has ${num(v)} on hand. Plain arithmetic would show ${num(phantom)}: ${plural(Math.abs(phantom - v), 'unit')} ${phantom > v ? 'of phantom stock, sold but not there' : 'on the shelf that nobody could buy'}.`);
    text(quiet, told.length ? '' : `Nothing came late to ${label(chosen.name, chosen.id)}.`);
    keyed(tale, told.slice(0, 30), t => `${chosen.id}/${t.key}`, t => { const p = h('p'); return { el: h('li', { class: t.kind }, h('time', null, stamp(t.at)), h('div', null, h('h3', null, t.title), p)), update: x => text(p, x.says) }; });
    const model = sales(data, from);
    text(barsTitle, model.title);
    bars.update(model);
    points.update();
    units.update();
    keyed(changes, data.badges.slice(0, 20), change.key, c => change(c, true));
    text(noChanges, data.badges.length ? '' : 'No badge has changed.');
  }

  const rows = new Map();
  function storeRow(key) {
    const name = h('b'), count = h('span', { class: 'n' }), line = spark(96, 28), extra = h('span', { class: 'extra' });
    const button = h('button', { onclick: () => { store = key; ctx.query({ store: key }); draw(); } }, h('span', null, name, extra), line.el, count);
    rows.set(key, (s, on, from) => {
      const v = valueAt(known(s), Infinity);
      text(name, label(s.name, s.id));
      text(count, v === null ? '–' : num(v));
      const late = s.dropped.length + s.barriers.filter(b => b.recomputed?.sales).length;
      text(extra, late ? `${num(late)} came late` : '');
      attr(button, 'aria-pressed', String(on));
      line.update(known(s), from, data.now);
    });
    return { el: h('li', null, button) };
  }

  poll(signal, 2000, async () => {
    try {
      data = await ask(`/page/product?id=${encodeURIComponent(id)}`, { signal });
    } catch (err) {
      if (err instanceof Problem) text(note, err.status === 404 ? 'Nothing has been seen of this product yet.' : err.message);
      throw err;
    }
    text(note, '');
    clock.set(data.now);
    ctx.title(label(data.name, id));
    text(title, label(data.name, id));
    const v = data.velocity.at(-1), sold = !v ? 0 : v.window === '1h' ? v.units_1h : v.units_24h;
    const total = data.stores.map(s => valueAt(known(s), Infinity)).filter(x => x !== null);
    text(sub, [data.name && id, total.length && `${num(total.reduce((a, b) => a + b, 0))} on hand in ${plural(total.length, 'store')}`,
      sold > 0 && `${num(sold)} sold in last ${v.window === '1h' ? 'hour' : '24 hours'}`].filter(Boolean).join(' · '));
    store ??= data.stores.toSorted((a, b) => lateness(b) - lateness(a))[0]?.id;
    attr(body, 'hidden', !data.stores.length);
    draw();
  });
  return h('div', { class: 'view' }, h('section', { class: 'hero' }, title, sub), note, body);
}

const rowsOf = s => [...s.points.map(p => [p.at, p.known ? num(p.on_hand) : 'not known', '']),
  ...s.barriers.map(b => [b.arrived, '', `count of ${num(b.quantity)}, made at ${stamp(b.counted_at)}`]),
  ...s.dropped.map(d => [d.arrived, '', `late ${thing(d.type, d.quantity)} of ${stamp(d.occurred_at)}: dropped`])]
  .sort((a, b) => b[0] - a[0]).slice(0, 500).map(([at, ...rest]) => [stamp(at), ...rest]);
