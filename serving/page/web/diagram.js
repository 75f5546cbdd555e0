import { attr, details, facts, h, text } from './dom.js';
import { num, rate } from './format.js';

const channels = [['POS', 'tills'], ['ECOM', 'web shop'], ['WMS', 'warehouse'], ['FILE', 'files']];

// The parts beside the channels: [name, kind, title, what it does].
const parts = [
  ['decode', 'step', 'Decode', 'Reads each message. One that cannot be used becomes a dead letter.'],
  ['key', 'step', 'KeyByStoreProduct', 'Brings together the events of one product in one store.'],
  ['stock', 'step', 'InventoryStatefulFn',
    'Keeps the exact stock: each sale, receipt and count once, in the order in which they happened.'],
  ['velocity', 'step', 'SmartVelocityFn', 'Counts what sold in the last hour and day, and gives the badges.'],
  ['dead', 'sink', 'Dead letters', 'What could not be used, and why.'],
  ['redis', 'sink', 'Redis', 'The signals that a shop page reads: stock, velocity and badges.'],
  ['archive', 'sink last', 'Archive', 'Every event and signal.'],
];

// The arrows beside those of the channels. Those along go from step to step, those out to a sink.
const arrows = { 'to-key': 'along', 'to-stock': 'along', 'to-velocity': 'along', 'to-dead': 'out', 'stock-redis': 'out',
  'velocity-redis': 'out', 'to-archive': 'out' };

// place puts an element into an area of the grid.
function place(el, area) {
  el.style.gridArea = area;
  return el;
}

// arrow is an arrow with n events a second: the more, the denser its dots.
function arrow(kind) {
  const speed = h('span'), el = h('div', { class: `arrow ${kind}` }, speed);
  return { el, update(n) {
    const density = n > 0 ? Math.min(6, 1 + Math.floor(Math.log10(n + 1) * 2)) : 0;
    attr(el, 'class', `arrow ${kind} d${density}`);
    text(speed, n === null ? '' : `${rate(n)}/s`);
  } };
}

function box(kind, title, does) {
  const count = h('b', { class: 'count' });
  const el = h('div', { class: `box ${kind}` },
    h('strong', null, title.split(/(?<=[a-z])(?=[A-Z])/).flatMap(word => [h('wbr'), word])),
    h('span', null, does), count);
  return { el, update(value, state = '') {
    text(count, value);
    attr(el, 'class', `box ${kind} ${state}`);
  } };
}

// diagram is the way of a message, alive.
export function diagram(info) {
  const boxes = Object.fromEntries(parts.map(([name, ...part]) => [name, box(...part)]));
  const ways = Object.fromEntries(Object.entries(arrows).map(([name, kind]) => [name, arrow(kind)]));
  const sources = channels.map(([name, does]) => {
    const way = arrow('along');
    return { name, way, el: h('div', { class: 'source' }, box('', name, does).el, way.el) };
  });
  const el = h('figure', { class: 'diagram', 'aria-label': 'The way of a message' },
    place(h('div', { class: 'sources' }, sources.map(x => x.el)), 'sources'),
    Object.entries({ ...boxes, ...ways }).map(([name, part]) => place(part.el, name)));

  function update(f, of) {
    const used = f.channels.filter(c => c.events > 0 || info.inputs?.[c.name]).map(c => c.name);
    for (const { name, way, el } of sources) {
      attr(el, 'hidden', used.length ? !used.includes(name) : name === 'FILE');
      way.update(of(name));
    }
    for (const name of ['to-key', 'to-stock', 'to-velocity']) ways[name].update(of('events'));
    ways['to-dead'].update(of('refused'));
    ways['stock-redis'].update(of('stock'));
    ways['velocity-redis'].update(of('velocity'));
    ways['to-archive'].update(f.archive_rows === null ? 0 : of('archive'));
    boxes.decode.update(`${num(f.ignored)} ignored`);
    boxes.key.update(`${num(f.events)} events`);
    boxes.stock.update(`${num(f.duplicates)} duplicates`);
    boxes.velocity.update(`${num(f.badge_changes)} badge changes`);
    boxes.dead.update(`${num(f.refused_total)} refused`);
    boxes.redis.update(f.redis.away ? 'does not answer' : `${num(f.redis.writes)} written`, f.redis.away ? 'away' : '');
    boxes.archive.update(...f.archive_rows === null ? ['not in use', 'off'] : [`${num(f.archive_rows)} rows`]);
  }

  const places = details('Inputs and outputs', facts([...Object.entries(info.inputs ?? {}),
    ...(info.outputs ?? []).map(place => ['Output', place])]));
  return { el: h('div', null, el, places), update };
}
