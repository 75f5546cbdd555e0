import { attr, h, keyed, table, text } from './dom.js';
import { change } from './badges.js';
import { chart, clip, spark, valueAt } from './chart.js';
import { clock, label, num, plural, span, stamp } from './format.js';
import { known, lateCount, lateness, overwritten, rows, spots, story, subtracted, summary } from './late.js';
import { ask, poll, Problem } from './net.js';

const hour = 3_600_000;
const ranges = [['1', 'Last hour'], ['6', '6 hours'], ['24', '24 hours']];
const hours = window => window === '1h' ? '1 h' : '24 h';

// onHand is the chart of a store.
function onHand(store, from, now) {
  const real = clip(known(store), from, now), current = real.at(-1)?.[1] ?? null;
  const lines = [[overwritten, 'over', 'by overwriting'], [subtracted, 'under', 'by subtracting']]
    .map(([of, cls, what]) => ({ points: clip(of(store), from, now), class: cls, what }))
    .filter(l => l.points.some(p => p[1] !== null));
  lines.push({ points: real, what: 'on hand' });
  return {
    title: `On-hand of ${label(store.name, store.id)} over time`, from, to: now, lines,
    desc: [current === null ? 'The stock is not known' : `${num(current)} on hand now`,
      plural(store.barriers.length, 'count'), `${plural(store.dropped.length, 'late sale')} dropped`].join(', '),
    bands: store.barriers.filter(b => b.late && b.arrived > from).map(b =>
      ({ from: b.counted_at, to: b.arrived, class: 'late',
        label: `This count arrived ${span(b.arrived - b.counted_at)} late.` })),
    marks: store.barriers.map(b => ({ at: b.counted_at, label: `count: ${num(b.quantity)}` })),
    spots: spots(store, from, now),
    read: at => lines.toReversed().map(l => [valueAt(l.points, at), l.what]).filter(([v]) => v !== null)
      .map(([v, what]) => `${num(v)} ${what}`).join(' · ') || 'not known',
  };
}

// sales is the chart of units sold, with the window of the message and the times of the badge.
function sales(p, from) {
  const size = [1, 2, 5, 10, 15].find(m => (p.now - from) / (m * 60_000) <= 360) * 60_000, bins = new Map(),
    strips = [];
  for (const { minute, units } of p.sales) {
    const bin = Math.floor(minute / size) * size;
    if (bin >= from - size) bins.set(bin, (bins.get(bin) ?? 0) + units);
  }
  p.velocity.forEach((v, i) => {
    const to = p.velocity[i + 1]?.at ?? p.now;
    if (v.badge && strips.at(-1)?.to === v.at) strips.at(-1).to = to;
    else if (v.badge) strips.push({ from: v.at, to, label: 'High demand' });
  });
  const window = hours(p.velocity.at(-1)?.window), long = window === '1 h' ? hour : 24 * hour;
  return {
    title: `Units sold in ${size === 60_000 ? 'each minute' : `every ${size / 60_000} minutes`}`, from, to: p.now,
    desc: `The message counts the last ${window}.`, bars: { points: [...bins], width: size },
    bands: [{ from: p.now - long, to: p.now, label: `The message counts the last ${window}`,
      shown: `window: ${window}` }],
    strips: strips.filter(b => b.to > from),
    marks: p.velocity.filter((v, i) => i && v.window !== p.velocity[i - 1].window)
      .map(v => ({ at: v.at, label: `to ${hours(v.window)}` })),
    read: at => plural(bins.get(Math.floor(at / size) * size) ?? 0, 'unit'),
  };
}

const legend = parts => h('p', { class: 'legend', 'aria-hidden': true },
  parts.map(([cls, name]) => h('span', { class: cls }, name)));

export default function product(ctx) {
  const { id, signal, params } = ctx;
  let range = params.get('hours') ?? '6', store = params.get('store'), data = null;
  const title = h('h1', null, id), sub = h('p', { class: 'lead' }, '\u00a0'),
    note = h('p', { class: 'muted', role: 'status' });
  const list = h('ul', { class: 'stores' }), head = h('h3'), now = h('p', { class: 'onhand' });
  const stock = chart(signal, 300), bars = chart(signal, 200), barsTitle = h('h2', null, 'Units sold');
  const prevented = h('p', { class: 'callout', hidden: true }), tale = h('ol', { class: 'story' }),
    quiet = h('p', { class: 'muted' });
  const changes = h('div', { class: 'rows' }), noChanges = h('p', { class: 'muted' });
  const current = () => data.stores.find(s => s.id === store) ?? data.stores[0];
  const points = table('On-hand as a table', ['Time', 'On-hand', 'Event'], () => rows(current()));
  const units = table('Units sold as a table', ['Minute', 'Units'], () =>
    data.sales.toReversed().slice(0, 500).map(x => [stamp(x.minute), num(x.units)]));
  const period = h('fieldset', { class: 'segments' }, h('legend', { class: 'hidden' }, 'Period'),
    ranges.map(([value, name]) => h('label', null,
    h('input', { type: 'radio', name: 'range', value, checked: value === range, onchange: () => {
      range = value;
      ctx.query({ hours: value });
      draw();
    } }), h('span', null, name))));

  const body = h('div', { class: 'body', hidden: true },
    h('section', { 'aria-labelledby': 'oh' }, h('div', { class: 'row' }, h('h2', { id: 'oh' }, 'On-hand'), period),
      h('div', { class: 'split' }, list, h('div', { class: 'panel' }, h('div', { class: 'row' }, head, now), stock.el,
        legend([['k-line', 'on-hand'], ['k-count', 'count'], ['k-late', 'a count under way'],
          ['k-over', 'if the late count overwrote it'],
          ['k-drop', 'late sale, dropped'], ['k-under', 'if late sales were subtracted']]), points.el))),
    h('section', { 'aria-labelledby': 'st' }, h('h2', { id: 'st' }, 'What came late'), prevented, quiet, tale),
    h('section', null, barsTitle, h('div', { class: 'panel' }, bars.el,
      legend([['k-band', 'window of the message'], ['k-strip', 'High demand']]), units.el)),
    h('section', { 'aria-labelledby': 'bd' }, h('h2', { id: 'bd' }, 'Badges'), noChanges, changes));

  function storeRow({ id: key }) {
    const name = h('b'), count = h('span', { class: 'n' }), line = spark(84, 28), extra = h('span', { class: 'extra' });
    const button = h('button', { onclick: () => {
      store = key;
      ctx.query({ store });
      draw();
    } }, h('span', null, name, extra), line.el, count);
    return { el: h('li', null, button), update(s) {
      const v = valueAt(known(s), Infinity), late = lateCount(s);
      text(name, label(s.name, s.id));
      text(count, v === null ? '–' : num(v));
      text(extra, late ? `${num(late)} came late` : '');
      attr(button, 'aria-pressed', String(s === current()));
      line.update(known(s), start(), data.now);
    } };
  }

  const storyRow = t => {
    const says = h('p');
    return { el: h('li', { class: t.kind }, h('time', null, stamp(t.at)), h('div', null, h('h3', null, t.title), says)),
      update: x => text(says, x.says) };
  };

  const start = () => Math.max(data.from, data.now - Number(range) * hour);

  function draw() {
    if (!data?.stores.length) return;
    const chosen = current(), name = label(chosen.name, chosen.id), v = valueAt(known(chosen), Infinity);
    keyed(list, data.stores, s => s.id, storeRow);
    text(head, name);
    text(now, v === null ? 'never counted, so not known' : `${num(v)} on hand`);
    stock.update(onHand(chosen, start(), data.now));
    const told = story(chosen), said = summary(chosen, name), model = sales(data, start());
    attr(prevented, 'hidden', !said);
    text(prevented, said);
    text(quiet, told.length ? '' : `Nothing came late to ${name}.`);
    keyed(tale, told.slice(0, 30), t => `${chosen.id}/${t.key}`, storyRow);
    text(barsTitle, model.title);
    bars.update(model);
    points.update();
    units.update();
    keyed(changes, data.badges.slice(0, 20), change.key, c => change(c, true));
    text(noChanges, data.badges.length ? '' : 'No badge has changed.');
  }

  // headline names the product and what all stores have and sold.
  function headline() {
    const name = label(data.name, id), v = data.velocity.at(-1),
      sold = !v ? 0 : v.window === '1h' ? v.units_1h : v.units_24h;
    const held = data.stores.map(s => valueAt(known(s), Infinity)).filter(x => x !== null);
    ctx.title(name);
    text(title, name);
    const parts = [data.name && id,
      held.length && `${num(held.reduce((a, b) => a + b))} on hand in ${plural(held.length, 'store')}`,
      sold > 0 && `${num(sold)} sold in last ${v.window === '1h' ? 'hour' : '24 hours'}`];
    text(sub, parts.filter(Boolean).join(' · ') || '\u00a0');
  }

  poll(signal, 2000, async () => {
    try {
      data = await ask(`/page/product?id=${encodeURIComponent(id)}`, { signal });
    } catch (err) {
      if (err instanceof Problem) text(note, err.status === 404 ? 'Nothing has been seen of this product yet.'
        : err.message);
      throw err;
    }
    const first = body.hidden;
    clock.set(data.now);
    for (const s of data.stores) for (const x of [s.barriers, s.dropped]) x.sort((a, b) => a.arrived - b.arrived);
    store ??= data.stores.toSorted((a, b) => lateness(b) - lateness(a))[0]?.id;
    text(note, '');
    headline();
    attr(body, 'hidden', !data.stores.length);
    draw();
    if (first) list.scrollTop = (list.querySelector('[aria-pressed=true]')?.offsetTop ?? 0) - list.offsetTop - 60;
  });
  return h('div', { class: 'view' }, h('section', { class: 'hero' }, title, sub), note, body);
}
