import { attr, h, s, sized, text, uid } from './dom.js';
import { minute, num, stamp } from './format.js';

const steps = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map(m => m * 60_000);
const pad = { left: 40, right: 34, top: 44, bottom: 26 };

function timeTicks(from, to, most) {
  const step = steps.find(d => (to - from) / d <= most) ?? steps.at(-1);
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let t = Math.ceil((from - zone) / step) * step + zone; t <= to; t += step) ticks.push(t);
  return ticks;
}

function valueTicks(low, high) {
  const rough = Math.max(1, (high - low) / 4), unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(f => f * unit).find(d => d >= rough);
  const ticks = [];
  for (let v = Math.floor(low / step) * step; v < high + step; v += step) ticks.push(v);
  return ticks;
}

const round = v => Math.round(v * 10) / 10;

// stepPath goes from point to point [time, value]; null values are gaps, and the last value holds until the end.
function stepPath(points, x, y, end) {
  let d = '', open = false;
  points.forEach(([t, v], i) => {
    const until = round(x(points[i + 1]?.[0] ?? end));
    if (v === null) { open = false; return; }
    d += open ? `V${round(y(v))}H${until}` : `M${round(x(t))} ${round(y(v))}H${until}`;
    open = true;
  });
  return d;
}

// spark is a small step line without axes. update(points, from, to) draws it.
export function spark(width = 132, height = 30) {
  const path = s('path', { class: 'line' }), dot = s('circle', { r: 2.5, class: 'dot' });
  const el = s('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': true },
    path, dot);
  const update = (points, from, to) => {
    const seen = clip(points, from, to).filter(p => p[1] !== null);
    if (!seen.length) { attr(path, 'd', null); attr(dot, 'r', 0); return; }
    const values = seen.map(p => p[1]), low = Math.min(0, ...values), high = Math.max(1, ...values);
    const x = t => (t - from) / (to - from || 1) * (width - 6),
      y = v => height - 4 - (v - low) / (high - low) * (height - 8);
    attr(path, 'd', stepPath(seen, x, y, to));
    for (const [name, v] of [['cx', round(x(to))], ['cy', round(y(values.at(-1)))], ['r', 2.5]]) attr(dot, name, v);
  };
  return { el, update };
}

// clip keeps the points between from and to; the value before from goes on at from.
export function clip(points, from, to) {
  const first = points.findLastIndex(p => p[0] <= from);
  const inside = points.slice(Math.max(first, 0)).filter(p => p[0] <= to);
  return first < 0 ? inside : [[from, inside[0][1]], ...inside.slice(1)];
}

// valueAt returns the value that a step line has at a time, or null.
export const valueAt = (points, at) => points.findLast(p => p[0] <= at)?.[1] ?? null;

// chart draws a model on update(model), and again when its width changes:
//   title, desc   what a screen reader reads out
//   from, to      epoch ms
//   read(at)      the text under the title for the time at the pointer
//   lines         [{points, class}] step lines; bars: {points, width} with width in ms
//   bands         [{from, to, class, label}] behind; strips: the same as a thin strip on top
//   marks         [{at, label}] vertical lines; spots: [{at, value, from, count, label}] marks on a line
export function chart(signal, height = 260) {
  const title = s('title', { id: uid('chart') }), desc = s('desc', { id: uid('chart') });
  const body = s('g'), cursor = s('path', { class: 'cursor' });
  const svg = s('svg', { class: 'chart', role: 'img', height, 'aria-labelledby': title.id,
    'aria-describedby': desc.id },
    title, desc, body, cursor);
  const readout = h('p', { class: 'readout', 'aria-hidden': true }, '\u00a0');
  const el = h('div', { class: 'plot' }, svg, readout);
  let model, width = 0, drawn = '', pointer = null;

  const x = t => pad.left + (Math.min(Math.max(t, model.from), model.to) - model.from) / (model.to - model.from) *
    (width - pad.left - pad.right);

  function draw() {
    if (!model || !width) return;
    const now = JSON.stringify([model, width]);
    if (now === drawn) return;
    drawn = now;
    text(title, model.title);
    text(desc, model.desc ?? '');
    attr(svg, 'viewBox', `0 0 ${width} ${height}`);
    const values = [...(model.lines ?? []).flatMap(l => l.points), ...(model.bars?.points ?? [])].map(p => p[1])
      .filter(v => v !== null);
    const least = Math.min(...values), most = Math.max(4, ...values), base = 2 * least - most;
    const ticks = valueTicks(model.bars || base <= 0 ? Math.min(0, least) : base, most);
    const low = ticks[0], high = ticks.at(-1);
    const bottom = height - pad.bottom;
    const y = v => bottom - (v - low) / (high - low) * (bottom - pad.top);
    const rect = (b, y, height, cls) => s('rect',
      { x: round(x(b.from)), y, width: round(Math.max(1, x(b.to) - x(b.from))), height, class: cls },
        s('title', null, b.label));
    const parts = [];
    for (const b of model.bands ?? []) {
      parts.push(rect(b, pad.top, bottom - pad.top, `band ${b.class ?? ''}`));
      const label = { x: round(x(b.to)) - 6, y: pad.top + 14, 'text-anchor': 'end', class: 'bandlabel' };
      if (b.shown) parts.push(s('text', label, b.shown));
    }
    for (const v of ticks) {
      parts.push(s('path', { class: v === 0 ? 'axis' : 'grid', d: `M${pad.left} ${round(y(v))}H${width - pad.right}` }),
        s('text', { class: 'tick', x: pad.left - 8, y: round(y(v)) + 4, 'text-anchor': 'end' }, num(v)));
    }
    for (const t of timeTicks(model.from, model.to, Math.max(2, width / 110))) {
      parts.push(s('text', { class: 'tick', x: x(t), y: height - 6, 'text-anchor': 'middle' }, minute(t)));
    }
    for (const b of model.strips ?? []) parts.push(rect(b, pad.top - 8, 5, 'strip'));
    for (const [t, v] of model.bars?.points ?? []) {
      const left = x(t), wide = Math.max(1, x(t + model.bars.width) - left - 1), top = y(Math.max(v, 0));
      parts.push(s('rect', { class: 'bar', x: round(left), y: round(top), width: round(wide),
        height: round(Math.abs(y(v) - y(0))) }));
    }
    for (const l of model.lines ?? []) {
      parts.push(s('path', { class: `line ${l.class ?? ''}`, d: stepPath(l.points, x, y, model.to) }));
    }
    parts.push(...ends(y));
    parts.push(...marks(model.marks ?? [], bottom));
    for (const p of model.spots ?? []) {
      const cx = round(x(p.at)), cy = round(y(p.value));
      parts.push(...[s('path', { class: 'travel', d: `M${round(x(p.from))} ${cy}H${cx}` }),
        s('circle', { class: 'from', cx: round(x(p.from)), cy, r: 2.5 }),
        s('path', { class: 'spot', d: `M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8` }, s('title', null, p.label)),
        p.count > 1 ? s('text', { class: 'spotlabel', x: cx, y: cy - 9, 'text-anchor': 'middle' }, `${num(p.count)}×`)
          : []].flat());
    }
    body.replaceChildren(...parts);
  }

  // ends writes the last value of each line behind its end, apart from each other.
  function ends(y) {
    const last = (model.lines ?? []).filter(l => (l.points.at(-1)?.[1] ?? null) !== null)
      .map(l => ({ v: l.points.at(-1)[1], class: l.class ?? '' })).sort((a, b) => b.v - a.v);
    let above = -Infinity;
    return last.map(l => {
      above = Math.max(above + 14, round(y(l.v)) + 4);
      return s('text', { class: `end ${l.class}`, x: width - pad.right + 6, y: above }, num(l.v));
    });
  }

  // marks places the labels of the newest lines first, in two rows, and leaves out those without room.
  function marks(list, bottom) {
    const free = [width - 8, width - 8];
    return list.filter(m => m.at >= model.from && m.at <= model.to).sort((a, b) => b.at - a.at).flatMap(m => {
      const at = round(x(m.at)), wide = m.label.length * 6.6 + 10, start = Math.min(at - 4, width - wide);
      const row = free.findIndex(f => start + wide <= f);
      if (row >= 0) free[row] = start;
      return [s('path', { class: 'mark', d: `M${at} ${row < 0 ? pad.top : 16 + row * 16}V${bottom}` },
        s('title', null, m.label)),
        row < 0 ? [] : s('text', { class: 'marklabel', x: start + 8, y: 14 + row * 16 }, m.label)].flat();
    });
  }

  function point() {
    if (pointer === null || !model?.read) return;
    const at = model.from + (pointer - pad.left) / (width - pad.left - pad.right) * (model.to - model.from);
    const inside = at >= model.from && at <= model.to;
    attr(cursor, 'd', inside ? `M${round(x(at))} ${pad.top}V${height - pad.bottom}` : null);
    text(readout, inside ? `${stamp(at)} · ${model.read(at)}` : '\u00a0');
  }
  svg.addEventListener('pointermove', e => { pointer = e.offsetX; point(); });
  svg.addEventListener('pointerleave', () => { pointer = null; attr(cursor, 'd', null); text(readout, '\u00a0'); });
  sized(el, signal, w => { width = w; draw(); });
  return { el, update(next) { model = next; draw(); point(); } };
}
