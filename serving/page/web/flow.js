import { attr, h, section, text } from './dom.js';
import { diagram } from './diagram.js';
import { clock, millis, num, productPath, rate, wallTime } from './format.js';
import { spark } from './chart.js';
import { ask, poll } from './net.js';

// The counts of internal/metrics since the start: [key, name, meaning].
const totals = [
  ['events', 'Events', 'sales, receipts, counts, views and cart adds; repetitions too'],
  ['duplicates', 'Duplicates', 'repetitions of events; they change no number'],
  ['recomputed', 'Late counts', 'sales since the count were applied again on top'],
  ['dropped_by_barrier', 'Late sales and receipts', 'dropped, because a newer count includes them'],
  ['ignored', 'Ignored', 'valid messages that concern no product'],
  ['badge_changes', 'Badge changes', 'each with the numbers that it rests on'],
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

function figure(name, ...notes) {
  const value = h('dd', { class: 'value' }, '–');
  const el = h('div', { class: 'figure' }, h('dt', null, name), value,
    notes.map(note => h('dd', { class: 'note' }, note)));
  return { el, show: v => text(value, v) };
}

// now is what happens at the moment.
function now() {
  const line = spark(160, 34), seen = [], median = h('span');
  const speed = figure('Events a second', line.el), latency = figure('Latency, median', median),
    outstanding = figure('Outstanding', 'pulled, not yet acknowledged'),
    refused = figure('Refused', h('a', { href: '/deadletters' }, 'See the dead letters'));
  const el = h('dl', { class: 'figures big' }, [speed, latency, outstanding, refused].map(f => f.el));
  return { el, update(f, events) {
    if (events !== null) seen.push([performance.now(), events]);
    if (seen.length > 120) seen.shift();
    if (seen.length > 1) line.update(seen, seen[0][0], seen.at(-1)[0]);
    speed.show(events === null ? '–' : rate(events));
    latency.show(f.latency_ms ? millis(f.latency_ms.p50) : '–');
    text(median, 'from publishing to stock in Redis' +
      (f.latency_ms ? `; 99th percentile ${millis(f.latency_ms.p99)}` : ''));
    outstanding.show(num(f.outstanding));
    refused.show(num(f.refused_total));
  } };
}

// truth is what a demo has found when it compared Redis with its own books.
function truth() {
  const found = h('strong'), note = h('span');
  const el = h('p', { class: 'truth', hidden: true }, found, note);
  return { el, update(t) {
    attr(el, 'hidden', !t);
    if (!t) return;
    attr(el, 'class', t.wrong ? 'truth wrong' : t.problem ? 'truth late' : 'truth');
    text(found, t.keys ? `${num(t.keys)} keys checked against the truth, ${num(t.wrong)} wrong`
      : 'Not yet checked against the truth');
    const last = t.keys ? `Last check: ${wallTime(t.checked_wall)}.` : '';
    text(note, t.problem ? `The newest check could not be made: ${t.problem}. ${last}`
      : `The demo keeps its own books, and compares each stock key in Redis with them. ${last}`);
  } };
}

// scenario is what a demo can let happen, with a button, what to watch, and what happens now.
function scenario({ name, title, watch }) {
  const happens = h('p', { class: 'now', role: 'status' }), link = h('a', { hidden: true });
  const button = h('button', { onclick: start }, 'Start', h('span', { class: 'hidden' }, `: ${title}`));
  const el = h('article', { class: 'scenario' },
    h('h3', null, title), h('div', null, h('p', { class: 'muted' }, watch), happens, link), button);

  async function start() {
    button.disabled = true;
    try {
      update({ running: true, ...await ask('/page/scenarios', { body: { name } }) });
    } catch (err) {
      text(happens, `It did not start: ${err.message}`);
    }
    button.disabled = false;
  }

  function update(run) {
    text(happens, run.text);
    attr(el, 'class', run.running ? 'scenario running' : 'scenario');
    attr(link, 'hidden', !run.product);
    attr(link, 'href', productPath(run.product ?? '', run.store));
    text(link, `Watch product ${run.product}`);
  }
  return { name, el, update };
}

export default function flow(ctx) {
  const { info, signal } = ctx, speeds = new Rates(), picture = diagram(info), moment = now(), check = truth();
  const sums = totals.map(([key, name, note]) => ({ key, ...figure(name, note) }));
  const state = h('p', { class: 'callout bad', role: 'status', hidden: true });
  const scenarios = (info.scenarios ?? []).map(scenario);

  poll(signal, 1000, async () => {
    const f = await ask('/page/flow', { signal });
    clock.set(f.now);
    speeds.add({ events: f.events, refused: f.refused_total, stock: f.stock_signals, velocity: f.velocity_signals,
      archive: f.archive_rows ?? 0, ...Object.fromEntries(f.channels.map(c => [c.name, c.events])) });
    picture.update(f, name => speeds.of(name));
    moment.update(f, speeds.of('events'));
    for (const sum of sums) sum.show(num(f[sum.key]));
    attr(state, 'hidden', f.state === 'ok');
    text(state, f.state === 'ok' ? '' : `Not ready: ${f.state}`);
    check.update(f.truth);
    for (const { name, update } of scenarios) if (f.scenarios?.[name]) update(f.scenarios[name]);
  });

  return h('div', { class: 'view' },
    h('section', { class: 'hero' },
      h('h1', null, 'Three channels report what happens.'),
      h('p', { class: 'lead' }, 'Tills, web shop and warehouse send each sale, view, receipt and count as a message. ' +
        'Streamlytics turns them into the exact stock of every store, and into “sold in last hour”.'),
      check.el,
      scenarios.length > 0 && h('p', null, h('a', { href: '#make-something-happen' }, 'Make something happen'),
        ', such as a count that arrives late.')),
    state, picture.el, moment.el,
    scenarios.length > 0 && section('Make something happen', h('p', { class: 'muted' },
      'Each of these goes wrong in real shops. Start one, and follow its link while it runs.'),
    h('div', { class: 'rows' }, scenarios.map(x => x.el))),
    section('Since the start', h('dl', { class: 'figures' }, sums.map(f => f.el))));
}
