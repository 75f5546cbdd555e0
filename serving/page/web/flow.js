import { attr, h, table, text } from './dom.js';
import { diagram } from './diagram.js';
import { clock, label, millis, num, productPath, rate, second } from './format.js';
import { spark } from './chart.js';
import { ask, poll } from './net.js';

const totals = [
  ['events', 'Events', 'used so far: sales, deliveries, counts, views, carts'],
  ['duplicates', 'Duplicates', 'recognised; they change no number'],
  ['dropped_by_barrier', 'Late sales dropped', 'a later count already covers them'],
  ['recomputed', 'Late counts recomputed', 'sales after the count applied again on top'],
  ['ignored', 'Ignored', 'messages that carry no stock, sale or click'],
  ['badge_changes', 'Badge changes', 'each one with its evidence'],
];

// Rates makes events a second of wall time from counters, over the last three seconds.
class Rates {
  samples = [];
  add(counters) {
    const last = this.samples.at(-1);
    if (last && Object.keys(counters).some(k => counters[k] < last.counters[k])) this.samples = [];
    this.samples.push({ at: performance.now(), counters });
    while (this.samples.length > 4 || performance.now() - this.samples[0].at > 10_000) this.samples.shift();
  }
  of(name) {
    const [a, b] = [this.samples[0], this.samples.at(-1)];
    return a === b ? null : Math.max(0, (b.counters[name] - a.counters[name]) / (b.at - a.at) * 1000);
  }
}

function figure(name, note) {
  const value = h('dd', { class: 'value' }, '–');
  const el = h('div', { class: 'figure' }, h('dt', null, name), value, note && h('dd', { class: 'note' }, note));
  return { el, value };
}

export default function flow(ctx) {
  const speeds = new Rates(), history = [], line = spark(160, 34);
  const speed = figure('Events a second'), p50 = figure('Latency, median'), p99 = figure('Latency, 99th percentile'),
    outstanding = figure('Outstanding', 'pulled, not yet acknowledged'), refused = figure('Refused');
  speed.el.append(h('dd', null, line.el));
  p50.el.append(h('dd', { class: 'note' }, 'from publishing to stock in Redis'));
  p99.el.append(h('dd', { class: 'note' }, 'over the last ten seconds'));
  refused.el.append(h('dd', { class: 'note' }, h('a', { href: '/deadletters' }, 'See dead letters')));
  const sums = totals.map(([key, name, note]) => ({ key, ...figure(name, note) }));
  const state = h('p', { class: 'callout bad', role: 'status', hidden: true });
  const truth = h('p', { class: 'truth', hidden: true }, h('strong'), h('span'));
  const picture = diagram(ctx.signal, ctx.info);
  const steps = table('The diagram as a table', ['Part', 'What it does', 'Now'], () => picture.rows());
  const cards = ctx.info.scenarios?.length ? scenarios(ctx) : null;

  poll(ctx.signal, 1000, async () => {
    const f = await ask('/page/flow', { signal: ctx.signal });
    clock.set(f.now);
    const counters = { events: f.events, refused: f.refused_total, stock: f.stock_signals, velocity: f.velocity_signals,
      writes: f.redis.writes, archive: f.archive_rows ?? 0 };
    for (const c of f.channels) counters[c.name] = c.events;
    speeds.add(counters);
    picture.update(f, name => speeds.of(name));
    steps.update();
    const now = speeds.of('events');
    if (now !== null) history.push([performance.now(), now]);
    if (history.length > 120) history.shift();
    if (history.length > 1) line.update(history, history[0][0], history.at(-1)[0]);
    text(speed.value, now === null ? '–' : rate(now));
    text(p50.value, f.latency_ms ? millis(f.latency_ms.p50) : '–');
    text(p99.value, f.latency_ms ? millis(f.latency_ms.p99) : '–');
    text(outstanding.value, num(f.outstanding));
    text(refused.value, num(f.refused_total));
    for (const sum of sums) text(sum.value, num(f[sum.key]));
    attr(state, 'hidden', f.state === 'ok');
    text(state, f.state === 'ok' ? '' : `Not ready: ${f.state}`);
    showTruth(truth, f.truth);
    cards?.update(f.scenarios ?? {});
  });

  return h('div', { class: 'view' },
    h('section', { class: 'hero' },
      h('h1', null, 'Three channels report what happens.'),
      h('p', { class: 'lead' },
        'Streamlytics turns it into one exact on-hand and an honest “sold in last hour” for each product.'),
      truth),
    state,
    h('section', { 'aria-labelledby': 'path' },
      h('h2', { id: 'path', class: 'hidden' }, 'How a message goes'), picture.el, steps.el),
    h('section', { 'aria-labelledby': 'now' }, h('h2', { id: 'now', class: 'hidden' }, 'Right now'),
      h('dl', { class: 'figures big' }, [speed, p50, p99, outstanding, refused].map(f => f.el))),
    cards?.el,
    h('section', { 'aria-labelledby': 'totals' }, h('h2', { id: 'totals' }, 'Since the start'),
      h('dl', { class: 'figures' }, sums.map(f => f.el))));
}

function showTruth(el, truth) {
  attr(el, 'hidden', !truth);
  if (!truth) return;
  const [strong, small] = el.children;
  attr(el, 'class', truth.wrong ? 'truth wrong' : truth.problem ? 'truth late' : 'truth');
  text(strong, truth.keys ? `${num(truth.keys)} keys checked against the truth, ${num(truth.wrong)} wrong`
    : 'Not yet checked against the truth');
  const last = truth.keys ? ` Last compared at ${second(truth.checked_wall)}.` : '';
  text(small, truth.problem ? `Not compared just now: ${truth.problem}.`
    : `The simulated retailer counts for itself.${last}`);
}

// scenarios are the buttons of the demo, each with what to watch and what is happening.
function scenarios(ctx) {
  const rows = new Map(), status = h('p', { class: 'hidden', role: 'status' });
  const cards = ctx.info.scenarios.map(({ name, title, watch }) => {
    const now = h('p', { class: 'now' }), link = h('a', { href: '/' }), more = h('p', { hidden: true }, link);
    const button = h('button', { onclick: async () => {
      button.disabled = true;
      try {
        const started = await ask('/page/scenarios', { body: { name } });
        show({ running: true, ...started });
        text(status, started.text);
      } catch (err) {
        text(now, `It did not start: ${err.message}`);
      }
      button.disabled = false;
    } }, 'Start', h('span', { class: 'hidden' }, `: ${title}`));
    const el = h('article', { class: 'card scenario' }, h('h3', null, title), h('p', { class: 'muted' }, watch), now,
      more, button);
    function show(run) {
      text(now, run.text);
      attr(el, 'class', run.running ? 'card scenario running' : 'card scenario');
      attr(more, 'hidden', !run.product);
      attr(link, 'href', productPath(run.product ?? '', run.store));
      text(link, `Watch product ${label(run.name, run.product)}`);
    }
    rows.set(name, show);
    return el;
  });
  const el = h('section', { 'aria-labelledby': 'try' }, h('h2', { id: 'try' }, 'Make something happen'),
    h('p', { class: 'muted' }, 'Each of these goes wrong in real shops. Start one and watch the numbers hold.'),
    h('div', { class: 'cards' }, cards), status);
  return { el, update(running) { for (const [name, run] of Object.entries(running)) rows.get(name)?.(run); } };
}
