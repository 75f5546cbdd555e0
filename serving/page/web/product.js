import { attr, h, keyed, section, table, text } from './dom.js';
import { change, storeNames } from './badges.js';
import { chart, clip, spark, valueAt } from './chart.js';
import { clock, minute, num, plural, rate, span, stamp } from './format.js';
import { known, lateCount, lateness, overwritten, rows, spots, story, subtracted, summary } from './late.js';
import { ask, poll, Problem } from './net.js';

const hour = 3_600_000;
const periods = [['1', 'Last hour'], ['6', '6 hours'], ['24', '24 hours']];
const nameOf = x => x.name || x.id;
const now = store => valueAt(known(store), Infinity);

function state(n) {
  if (n === null) return 'Never counted: the stock is not known';
  return `${num(n)} on hand${n < 0 ? ': more was sold than counted and received' : ''}`;
}

// onHand is the chart of a store.
function onHand(store, from, to) {
  const lines = [[overwritten, 'over', 'with the late count alone'],
    [subtracted, 'under', 'with late sales subtracted again'], [known, '', 'on hand']]
    .map(([of, cls, what]) => ({ points: clip(of(store), from, to), class: cls, what }))
    .filter(l => l.points.some(p => p[1] !== null));
  return {
    title: `On-hand of ${nameOf(store)} over time. ${state(now(store))}, ${plural(store.barriers.length, 'count')}, ` +
      `${num(store.dropped.length)} late sales and receipts dropped`,
    from, to, lines, spots: spots(store, from, to),
    bands: store.barriers.filter(b => b.late && b.arrived > from).map(b => ({ from: b.counted_at, to: b.arrived,
      class: 'late', label: `This count arrived ${span(b.arrived - b.counted_at)} late.`,
      shown: `arrived ${span(b.arrived - b.counted_at)} late` })),
    marks: store.barriers.map(b => ({ at: b.counted_at, label: `count: ${num(b.quantity)}` })),
    read: at => lines.toReversed().map(l => [valueAt(l.points, at), l.what]).filter(([v]) => v !== null)
      .map(([v, what]) => `${num(v)} ${what}`).join(' · ') || 'not known',
  };
}

// demanded are the times with the badge for high demand.
function demanded({ velocity, now }) {
  const strips = [];
  velocity.forEach((v, i) => {
    const to = velocity[i + 1]?.at ?? now;
    if (v.badge && strips.at(-1)?.to === v.at) strips.at(-1).to = to;
    else if (v.badge) strips.push({ from: v.at, to, label: 'High demand' });
  });
  return strips;
}

const hours = window => window === '1h' ? 1 : 24;

// sold is the chart of units sold, with the window of the message and the times of the badge.
function sold(p, from) {
  const size = [1, 2, 5, 10, 15].find(m => (p.now - from) / (m * 60_000) <= 360) * 60_000, bins = new Map();
  for (const { minute, units } of p.sales) {
    const bin = Math.floor(minute / size) * size;
    if (bin >= from - size) bins.set(bin, (bins.get(bin) ?? 0) + units);
  }
  const window = hours(p.velocity.at(-1)?.window), message = `“Sold in last ${window === 1 ? 'hour' : '24 hours'}”`;
  const each = size === 60_000 ? 'each minute' : `every ${size / 60_000} minutes`;
  return {
    title: `Units sold in ${each} in all stores. ${message} counts the last ${window} h.`, from, to: p.now,
    bars: { points: [...bins], width: size },
    bands: [{ from: p.now - window * hour, to: p.now, label: `${message} counts these`, shown: `last ${window} h` }],
    strips: demanded(p).filter(b => b.to > from),
    marks: p.velocity.filter((v, i) => i && v.window !== p.velocity[i - 1].window)
      .map(v => ({ at: v.at, label: `window: ${hours(v.window)} h` })),
    read: at => plural(bins.get(Math.floor(at / size) * size) ?? 0, 'unit'),
  };
}

// headline is what all stores have and sold.
function headline({ id, name, stores, velocity }) {
  const v = velocity.at(-1), units = !v ? 0 : v.window === '1h' ? v.units_1h : v.units_24h;
  const held = stores.map(now).filter(x => x !== null);
  return [name && id,
    held.length && `${num(held.reduce((a, b) => a + b))} on hand in ${plural(held.length, 'store')}`,
    units > 0 && `${num(units)} sold in last ${v.window === '1h' ? 'hour' : '24 hours'}`].filter(Boolean).join(' · ');
}

const legend = parts => h('p', { class: 'legend', 'aria-hidden': true },
  parts.map(([cls, name]) => h('span', { class: cls }, name)));

// playing is the scenario of a demo that concerns the product while it runs: what happens now, and what to watch.
// update returns its name. An end is stated to those who have seen it run.
function playing(ctx) {
  const title = h('strong'), happens = h('p'), watch = h('p', { class: 'muted' });
  const el = h('section', { class: 'callout', role: 'status', hidden: true }, title, happens, watch);
  return { el, update(plays) {
    const play = ctx.info.scenarios?.findLast(({ name }) =>
      plays?.[name]?.product === ctx.id && (plays[name].running || title.textContent));
    attr(el, 'hidden', !play);
    if (!play) return '';
    const { running, text: words } = plays[play.name];
    const pace = clock.speed === 1 ? '' : `, and a minute takes ${rate(60 / clock.speed)} s`;
    text(title, running ? `${play.title}: it is ${minute(clock.now())}${pace}` : `${play.title}, ended`);
    text(happens, words);
    text(watch, `Watch: ${play.watch}`);
    return play.name;
  } };
}

// storeRow is a store in the list of stores. choose(id) shows it; state has the chosen one, and the times shown.
const storeRow = (choose, state) => ({ id }) => {
  const name = h('b'), count = h('span', { class: 'n' }), late = h('span', { class: 'extra' }), line = spark(84, 28);
  const button = h('button', { onclick: () => choose(id) }, h('span', null, name, late), line.el, count);
  return { el: h('li', null, button), update(store) {
    const v = now(store), n = lateCount(store), { from, to, store: chosen } = state();
    text(name, nameOf(store));
    text(count, v === null ? '–' : num(v));
    text(late, n ? `${num(n)} came late` : '');
    attr(button, 'aria-pressed', String(store === chosen));
    line.update(known(store), from, to);
  } };
};

function storyRow(t) {
  const what = h('p');
  return { el: h('li', { class: t.kind }, h('time', null, stamp(t.at)), h('div', null, h('h3', null, t.title), what)),
    update: x => text(what, x.text) };
}

// stock is the part about the stores: their on-hand, and what came late.
function stock(signal, choose, period) {
  let shown;
  const list = h('ul', { class: 'stores' }), name = h('h3'), held = h('p', { class: 'onhand' });
  const picture = chart(signal, 300), prevented = h('p', { class: 'callout' });
  const points = table('On-hand as a table', ['Time', 'On-hand', 'Event'], () => rows(shown.store));
  const quiet = h('p', { class: 'muted' }), tale = h('ol', { class: 'story' }), row = storeRow(choose, () => shown);
  const panel = h('div', { class: 'panel' }, h('div', { class: 'row' }, name, held), picture.el, prevented,
    legend([['k-line', 'on-hand'], ['k-count', 'count'], ['k-late', 'from a late count to its arrival'],
      ['k-over', 'with the late count alone'], ['k-drop', 'late sale, dropped'],
      ['k-under', 'with late sales subtracted again']]), points.el);
  const el = h('div', { class: 'body', hidden: true },
    h('section', { 'aria-labelledby': 'on-hand' },
      h('div', { class: 'row' }, h('h2', { id: 'on-hand' }, 'On-hand'), period),
      h('div', { class: 'split' }, list, panel)),
    section('What came late', quiet, tale));
  return { el, update(stores, store, from, to) {
    const first = !shown, told = story(store), said = summary(store, nameOf(store));
    shown = { store, from, to };
    keyed(list, stores, s => s.id, row);
    text(name, nameOf(store));
    text(held, state(now(store)));
    picture.update(onHand(store, from, to));
    points.update();
    attr(prevented, 'hidden', !said);
    text(prevented, said);
    text(quiet, told.length ? '' : `Nothing came late to ${nameOf(store)}.`);
    keyed(tale, told.slice(0, 30), t => `${store.id}/${t.key}`, storyRow);
    if (first) list.scrollTop = list.querySelector('[aria-pressed=true]').offsetTop - list.offsetTop - 60;
    requestAnimationFrame(() => tale.classList.add('live'));
  } };
}

function choosePeriod(choose) {
  const inputs = periods.map(([value]) =>
    h('input', { type: 'radio', name: 'period', value, onchange: () => choose(value) }));
  const el = h('fieldset', { class: 'segments' }, h('legend', { class: 'hidden' }, 'Period'),
    periods.map(([, name], i) => h('label', null, inputs[i], h('span', null, name))));
  return { el, update(value) { for (const input of inputs) input.checked = input.value === value; } };
}

export default function product(ctx) {
  const { id, signal, params } = ctx;
  let data = null, period = params.get('hours'), store = params.get('store');
  const title = h('h1', null, id), sub = h('p', { class: 'lead' }), scene = playing(ctx), bars = chart(signal, 200);
  const note = h('p', { class: 'muted', role: 'status' }, 'Loading…');
  const changes = h('div', { class: 'rows' }), none = h('p', { class: 'muted' });
  const segments = choosePeriod(value => {
    period = value;
    ctx.query({ hours: value });
    draw();
  });
  const stores = stock(signal, value => {
    store = value;
    ctx.query({ store });
    draw();
  }, segments.el);
  const units = table('Units sold as a table', ['Minute', 'Units'], () =>
    data.sales.toReversed().slice(0, 500).map(x => [stamp(x.minute), num(x.units)]));
  const rest = h('div', { class: 'body', hidden: true },
    section('Units sold', h('div', { class: 'panel' }, bars.el,
      legend([['k-band', 'counted by “sold in last …”'], ['k-strip', 'High demand']]), units.el)),
    section('Badges', none, changes));

  function draw() {
    const from = Math.max(data.from, data.now - Number(period) * hour);
    segments.update(period);
    attr(stores.el, 'hidden', !data.stores.length);
    if (data.stores.length) {
      stores.update(data.stores, data.stores.find(s => s.id === store) ?? data.stores[0], from, data.now);
    }
    bars.update(sold(data, from));
    units.update();
    const names = storeNames(data.stores);
    keyed(changes, data.badges.slice(0, 20), change.key, c => change(c, names, true));
    text(none, data.badges.length ? '' : 'No badge has changed.');
  }

  poll(signal, 2000, async () => {
    let flow;
    try {
      [data, flow] = await Promise.all([ask(`/page/product?id=${encodeURIComponent(id)}`, { signal }),
        ctx.info.scenarios && ask('/page/flow', { signal })]);
    } catch (err) {
      const unseen = err.status === 404 ? 'Nothing of this product is in the memory of this page.' : err.message;
      if (err instanceof Problem) text(note, unseen);
      throw err;
    }
    clock.set(data.now);
    for (const s of data.stores) for (const x of [s.barriers, s.dropped]) x.sort((a, b) => a.arrived - b.arrived);
    store ??= data.stores.toSorted((a, b) => lateness(b) - lateness(a))[0]?.id;
    const play = scene.update(flow?.scenarios);
    period ??= play === 'late_count' ? '1' : '6'; // its step is too small in a longer one
    ctx.title(nameOf(data));
    text(title, nameOf(data));
    text(sub, headline(data));
    text(note, data.stores.length ? '' : 'No store has reported stock of this product.');
    attr(rest, 'hidden', null);
    draw();
  });
  return h('div', { class: 'view' }, h('section', { class: 'hero' }, title, sub), scene.el, note, stores.el, rest);
}
