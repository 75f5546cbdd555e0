import { attr, h, s, sized, text, uid } from './dom.js';
import { millis, num, rate } from './format.js';

const channels = [['POS', 'tills'], ['ECOM', 'web shop'], ['WMS', 'warehouse'], ['FILE', 'files']];
const steps = [
  ['decode', 'Decode', 'Reads each message. What cannot be used is set aside, with the reason.'],
  ['key', 'KeyByStoreProduct', 'Brings together what concerns the same product in the same store.'],
  ['stock', 'InventoryStatefulFn',
    'Keeps the exact stock: every sale, delivery and count once, in the order they happened.'],
  ['velocity', 'SmartVelocityFn', 'Counts what sold in the last hour or day, and gives the badges.'],
];
const outputs = [
  ['dead', 'Dead letters', 'Kept whole, for repair.'],
  ['redis', 'Redis', 'What a shop page reads.'],
  ['archive', 'Archive', 'Every event and signal, to audit.'],
];
const all = Object.fromEntries([...steps, ...outputs].map(p => [p[0], p]));

// wrap breaks a sentence into lines of at most n characters.
function wrap(sentence, n) {
  const lines = [''];
  for (const word of sentence.split(' ')) {
    if (lines.at(-1) && lines.at(-1).length + 1 + word.length > n) lines.push('');
    lines[lines.length - 1] += (lines.at(-1) ? ' ' : '') + word;
  }
  return lines;
}

// fit narrows the letters of a text that is wider than its box.
function fit(el, room) {
  attr(el, 'textLength', null);
  const wide = el.getComputedTextLength() > room;
  attr(el, 'textLength', wide ? room : null);
  attr(el, 'lengthAdjust', wide ? 'spacingAndGlyphs' : null);
}

const bow = (x1, y1, x2, y2, down) => {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return down ? `M${x1} ${y1}C${x1} ${y} ${x2} ${y} ${x2} ${y2}` : `M${x1} ${y1}C${x} ${y1} ${x} ${y2} ${x2} ${y2}`;
};

// across lays out boxes and arrows [name, path, labelX, labelY, anchor] from left to right.
function across(width, used) {
  const gap = Math.min(88, Math.max(56, width * 0.058)), cw = 96, w = (width - cw - 4 * gap) / 4, h = 152, tall = 54;
  const boxes = {}, arrows = [], top = 12;
  const column = i => cw + gap + i * (w + gap);
  steps.forEach(([name], i) => { boxes[name] = { x: column(i), y: top, w, h }; });
  const mid = top + h / 2, off = i => i - (used.length - 1) / 2;
  used.forEach((name, i) => { boxes[name] = { x: 0, y: mid + off(i) * 62 - tall / 2, w: cw, h: tall }; });
  const over = Math.min(...used.map(n => boxes[n].y), top) - 4;
  for (const b of Object.values(boxes)) b.y -= over;
  const level = mid - over, bottom = boxes.decode.y + h, low = bottom + 62;
  used.forEach((name, i) => {
    const y = boxes[name].y + tall / 2, end = level + off(i) * 16;
    arrows.push([name, bow(cw, y, boxes.decode.x, end), cw + 6, off(i) > 0 ? y + 15 : y - 6, 'start']);
  });
  [['key', 0], ['stock', 1], ['velocity', 2]].forEach(([name, i]) => {
    const x = column(i) + w;
    arrows.push([`to-${name}`, `M${x} ${level}H${x + gap}`, x + gap / 2, level - 9, 'middle']);
  });
  for (const [name, to, from, at] of [['dead', 'dead', 'decode', 0.5], ['redis-stock', 'redis', 'stock', 0.3],
    ['archive', 'archive', 'velocity', 0.7]]) {
    boxes[to] = { x: boxes[from].x, y: low, w, h: 104 };
    const x = boxes[from].x + w * at;
    arrows.push([name, `M${x} ${bottom}V${low}`, x + 9, bottom + 35, 'start']);
  }
  const vx = boxes.velocity.x + w * 0.3, rx = boxes.redis.x + w * 0.8, turn = bottom + 30;
  arrows.push(['redis-velocity',
    `M${vx} ${bottom}V${turn - 8}Q${vx} ${turn} ${vx - 8} ${turn}H${rx + 8}Q${rx} ${turn} ${rx} ${turn + 8}V${low}`,
    (vx + rx) / 2, bottom + 24, 'middle']);
  return { boxes, arrows, height: low + 108 };
}

// downward is the same for narrow screens: steps below each other, outputs to their right.
function downward(width, used) {
  const gap = width < 500 ? 44 : 64, w = Math.round((width - gap) * 0.62), side = width - gap - w;
  const boxes = {}, arrows = [], tall = 54, cw = (width - 10 * (used.length - 1)) / used.length;
  used.forEach((name, i) => { boxes[name] = { x: i * (cw + 10), y: 2, w: cw, h: tall }; });
  let y = tall + 66;
  for (const [name, , does] of steps) {
    const h = 58 + 17 * wrap(does, (w - 22) / 6.9).length;
    boxes[name] = { x: 0, y, w, h };
    y += h + 44;
  }
  const right = (name, top, bottom) => { boxes[name] = { x: w + gap, y: top, w: side, h: bottom - top }; };
  const { decode, stock, velocity } = boxes;
  right('dead', decode.y, decode.y + Math.max(decode.h, 128));
  right('redis', stock.y, velocity.y + 34);
  right('archive', velocity.y + 54, velocity.y + Math.max(velocity.h, 54 + 122));
  used.forEach((name, i) => {
    const x = boxes[name].x + cw / 2, end = w / 2 + (i - (used.length - 1) / 2) * 28;
    arrows.push([name, bow(x, tall + 2, end, decode.y, true), x + (x < end ? -8 : 8), tall + 22,
      x < end ? 'end' : 'start']);
  });
  const xs = w / 2;
  for (const [a, b] of [['decode', 'key'], ['key', 'stock'], ['stock', 'velocity']]) {
    const from = boxes[a].y + boxes[a].h;
    arrows.push([`to-${b}`, `M${xs} ${from}V${boxes[b].y}`, xs + 9, from + 27, 'start']);
  }
  const level = (name, at) => arrows.push([name, `M${w} ${at}H${w + gap}`, w + gap / 2, at - 8, 'middle']);
  level('dead', decode.y + 44);
  level('redis-stock', stock.y + 44);
  level('redis-velocity', velocity.y + 17);
  level('archive', velocity.y + 84);
  return { boxes, arrows, height: Math.max(y - 44, velocity.y + Math.max(velocity.h, 176)) + 4 };
}

// density is the class of the dots on an arrow with n events a second.
const density = n => n > 0 ? `dots d${Math.min(6, 1 + Math.floor(Math.log10(n + 1) * 2))}` : 'dots d0';

// diagram is the way of a message, alive. rows() are its parts for a table.
export function diagram(signal, info) {
  const title = s('title', { id: uid('flow') }, 'The way of a message'), desc = s('desc', { id: uid('flow') }),
    body = s('g');
  const svg = s('svg', { class: 'flow', role: 'img', 'aria-labelledby': title.id, 'aria-describedby': desc.id },
    title, desc, body);
  const el = h('div', { class: 'diagram' }, svg);
  let width = 0, used = [], parts = {}, last = null, rows = [];

  const roomy = () => width > 1200;
  const letter = () => roomy() ? 7.5 : 6.9;

  function build() {
    attr(svg, 'class', roomy() ? 'flow roomy' : 'flow');
    const plan = width >= 940 ? across(width, used) : downward(width, used);
    parts = {};
    attr(svg, 'viewBox', `0 0 ${width} ${plan.height}`);
    attr(svg, 'height', plan.height);
    const arrows = plan.arrows.map(([name, d, x, y, anchor]) => {
      const dots = s('path', { d, class: 'dots d0' });
      const figure = s('text', { x, y, 'text-anchor': anchor, class: 'rate' });
      parts[name] = { dots, rate: figure };
      return s('g', { class: 'arrow' }, s('path', { d, class: 'way' }), dots, figure);
    });
    const boxes = Object.entries(plan.boxes).map(([name, b]) => box(name, b));
    body.replaceChildren(...arrows, ...boxes);
    for (const { g, room } of Object.values(parts)) g?.querySelectorAll('.name, .does').forEach(t => fit(t, room));
  }

  function box(name, { x, y, w, h: tall }) {
    const channel = channels.find(c => c[0] === name);
    const figure = s('text', { x: x + 12, y: y + tall - 13, class: 'count' });
    const kind = channel ? 'source' : steps.some(p => p[0] === name) ? 'step' : 'sink';
    const g = s('g', { class: `box ${kind}` },
      s('rect', { x: x + 0.5, y: y + 0.5, width: w - 1, height: tall - 1, rx: 10 }),
      s('text', { x: x + 12, y: y + 23, class: 'name' }, channel ? name : all[name][1]));
    if (channel) g.append(s('text', { x: x + 12, y: y + 41, class: 'does' }, channel[1]));
    else {
      wrap(all[name][2], (w - 22) / letter()).forEach((line, i) =>
        g.append(s('text', { x: x + 12, y: y + 44 + i * 17, class: 'does' }, line)));
      g.append(figure);
    }
    parts[`box-${name}`] = { g, figure, room: w - 22 };
    return g;
  }

  const arrow = (name, n) => {
    attr(parts[name].dots, 'class', density(n ?? 0));
    text(parts[name].rate, n === null ? '' : `${rate(n)}/s`);
  };

  function update(f, of) {
    last = [f, of];
    const live = f.channels.filter(c => c.events > 0 || info.inputs?.[c.name]).map(c => c.name);
    const next = live.length ? live : ['POS', 'ECOM', 'WMS'];
    if (next.join() !== used.join()) { used = next; if (width) build(); }
    if (!width) return;
    for (const name of used) arrow(name, of(name));
    const events = of('events');
    for (const name of ['to-key', 'to-stock', 'to-velocity']) arrow(name, events);
    arrow('dead', of('refused'));
    arrow('redis-stock', of('stock'));
    arrow('redis-velocity', of('velocity'));
    arrow('archive', f.archive_rows === null ? 0 : of('archive'));
    const latency = f.latency_ms ? `p50 ${num(f.latency_ms.p50)}, p99 ${millis(f.latency_ms.p99)}`
      : `${num(f.redis.writes)} writes`;
    const counts = {
      decode: `${num(f.ignored)} ignored`, key: `${num(f.events)} events`, stock: `${num(f.duplicates)} duplicates`,
      velocity: `${num(f.badge_changes)} badge changes`, dead: `${num(f.refused_total)} refused`,
      redis: f.redis.away ? 'does not answer' : latency,
      archive: f.archive_rows === null ? 'not in use' : `${num(f.archive_rows)} rows`,
    };
    for (const [name, count] of Object.entries(counts)) {
      const { figure, room } = parts[`box-${name}`];
      if (figure.textContent === count) continue;
      text(figure, count);
      fit(figure, room);
    }
    attr(parts['box-redis'].g, 'class', f.redis.away ? 'box sink away' : 'box sink');
    attr(parts['box-archive'].g, 'class', f.archive_rows === null ? 'box sink off' : 'box sink');
    text(desc, `${used.join(', ')} go to Decode, KeyByStoreProduct, InventoryStatefulFn and SmartVelocityFn. ` +
      'Stock and velocity go to Redis, events and signals to the archive, and what cannot be used to the dead letters.');
    rows = [...used.map(n => [n, [channels.find(c => c[0] === n)[1], info.inputs?.[n]].filter(Boolean).join(': '),
      of(n) === null ? '' : `${rate(of(n))} events a second`]),
      ...[...steps, ...outputs].map(([name, title, does]) => [title, does, counts[name]]),
      ...(info.outputs ?? []).map(o => ['Output', o, ''])];
  }
  sized(el, signal, w => { width = w; if (used.length) build(); if (last) update(...last); });
  return { el, update, rows: () => rows };
}
