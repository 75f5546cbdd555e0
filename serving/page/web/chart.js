import { attr, h, s, text } from './dom.js';
import { minute, num, offset, stamp } from './format.js';

const steps = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map(m => m * 60_000);
const pad = { left: 40, right: 34, top: 44, bottom: 26 };
const letter = 6.6; // the width of a letter of a label

const round = v => Math.round(v * 10) / 10;

function timeTicks(from, to, most) {
  const step = steps.find(d => (to - from) / d <= most) ?? steps.at(-1), zone = offset(from);
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

// clip keeps the points between from and to; the value before from goes on at from.
export function clip(points, from, to) {
  const first = points.findLastIndex(p => p[0] <= from);
  const inside = points.slice(Math.max(first, 0)).filter(p => p[0] <= to);
  return first < 0 ? inside : [[from, inside[0][1]], ...inside.slice(1)];
}

// valueAt returns the value that a step line has at a time, or null.
export const valueAt = (points, at) => points.findLast(p => p[0] <= at)?.[1] ?? null;

// stepPath goes from point to point [time, value]; null values are gaps, and the last value holds until the end.
function stepPath(points, x, y, end) {
  let d = '', open = false;
  points.forEach(([t, v], i) => {
    const until = round(x(points[i + 1]?.[0] ?? end));
    if (v !== null) d += `${open ? 'V' : `M${round(x(t))} `}${round(y(v))}H${until}`;
    open = v !== null;
  });
  return d;
}

// spark is a small step line without axes. update(points, from, to) draws it.
export function spark(width, height) {
  const path = s('path', { class: 'line' }), dot = s('circle', { class: 'dot' });
  const el = s('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': true },
    path, dot);
  return { el, update(points, from, to) {
    const seen = clip(points, from, to).filter(p => p[1] !== null), values = seen.map(p => p[1]);
    const low = Math.min(0, ...values), high = Math.max(1, ...values);
    const x = t => (t - from) / (to - from || 1) * (width - 6);
    const y = v => height - 4 - (v - low) / (high - low) * (height - 8);
    attr(path, 'd', stepPath(seen, x, y, to));
    attr(dot, 'r', seen.length ? 2.5 : 0);
    attr(dot, 'cx', round(x(to)));
    attr(dot, 'cy', round(y(values.at(-1) ?? 0)));
  } };
}

// A plan is where times and values of a model are in a picture.
function plan(model, width, height) {
  const values = [...(model.lines ?? []).flatMap(l => l.points), ...(model.bars?.points ?? [])]
    .map(p => p[1]).filter(v => v !== null);
  const least = Math.min(...values), most = Math.max(4, ...values), base = 2 * least - most;
  const ticks = valueTicks(model.bars || base <= 0 ? Math.min(0, least) : base, most);
  const bottom = height - pad.bottom, right = width - pad.right, low = ticks[0], high = ticks.at(-1);
  const times = model.to - model.from;
  return {
    width, height, bottom, right, ticks,
    x: t => round(pad.left + Math.min(Math.max((t - model.from) / times, 0), 1) * (right - pad.left)),
    y: v => round(bottom - (v - low) / (high - low) * (bottom - pad.top)),
    timeAt: x => model.from + (x - pad.left) / (right - pad.left) * times,
  };
}

// The layers of a chart. Each returns the elements of one kind.

const block = ({ x }, b, y, height, cls) => s('rect', { class: cls, x: x(b.from), y,
  width: round(Math.max(1, x(b.to) - x(b.from))), height }, s('title', null, b.label));

const bands = ({ bands: list = [] }, p) => list.flatMap(b => {
  const fits = b.shown && p.x(b.to) - p.x(b.from) > b.shown.length * letter + 12;
  return [block(p, b, pad.top, p.bottom - pad.top, `band ${b.class ?? ''}`), ...fits ? [s('text',
    { x: p.x(b.to) - 6, y: pad.top + 14, 'text-anchor': 'end', class: `bandlabel ${b.class ?? ''}` }, b.shown)] : []];
});

const grid = (model, { x, y, ticks, right, width, height }) => [
  ...ticks.flatMap(v => [
    s('path', { class: v === 0 ? 'axis' : 'grid', d: `M${pad.left} ${y(v)}H${right}` }),
    s('text', { class: 'tick', x: pad.left - 8, y: y(v) + 4, 'text-anchor': 'end' }, num(v))]),
  ...timeTicks(model.from, model.to, Math.max(2, width / 110)).map(t =>
    s('text', { class: 'tick', x: x(t), y: height - 6, 'text-anchor': 'middle' }, minute(t)))];

const strips = ({ strips: list = [] }, p) => list.map(b => block(p, b, pad.top - 8, 5, 'strip'));

const bars = ({ bars: b }, { x, y }) => (b?.points ?? []).map(([t, v]) => s('rect', { class: 'units', x: x(t),
  y: y(Math.max(v, 0)), width: round(Math.max(1, x(t + b.width) - x(t) - 1)), height: round(Math.abs(y(v) - y(0))) }));

const lines = ({ lines: list = [], to }, { x, y }) =>
  list.map(l => s('path', { class: `line ${l.class ?? ''}`, d: stepPath(l.points, x, y, to) }));

// ends are the last values of the lines, apart from each other.
function ends({ lines: list = [] }, { y, right }) {
  const last = list.map(l => ({ v: valueAt(l.points, Infinity), class: l.class ?? '' })).filter(l => l.v !== null);
  let above = -Infinity;
  return last.sort((a, b) => b.v - a.v).map(l => {
    above = Math.max(above + 14, y(l.v) + 4);
    return s('text', { class: `end ${l.class}`, x: right + 6, y: above }, num(l.v));
  });
}

// marks are vertical lines. Their labels are in two rows, the newest first; those without room are left out.
function marks({ marks: list = [], from, to }, { x, width, bottom }) {
  const free = [width - 8, width - 8];
  return list.filter(m => m.at >= from && m.at <= to).sort((a, b) => b.at - a.at).flatMap(m => {
    const at = x(m.at), wide = m.label.length * letter + 10, start = Math.min(at - 4, width - wide);
    const row = free.findIndex(f => start + wide <= f), top = row < 0 ? pad.top : 16 + row * 16;
    const line = s('path', { class: 'mark', d: `M${at} ${top}V${bottom}` }, s('title', null, m.label));
    if (row < 0) return [line];
    free[row] = start;
    return [line, s('text', { class: 'marklabel', x: start + 8, y: top - 2 }, m.label)];
  });
}

const spots = ({ spots: list = [] }, { x, y }) => list.flatMap(p => {
  const cx = x(p.at), cy = y(p.value);
  return [
    s('path', { class: 'travel', d: `M${x(p.from)} ${cy}H${cx}` }),
    s('circle', { class: 'from', cx: x(p.from), cy, r: 2.5 }),
    s('path', { class: 'spot', d: `M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8` }, s('title', null, p.label)),
    s('text', { class: 'spotlabel', x: cx, y: cy - 9, 'text-anchor': 'middle' }, `${num(p.count)}×`)];
});

const layers = [bands, grid, strips, bars, lines, ends, marks, spots];

// chart draws a model on update(model), and again when its width changes:
//   title         what a screen reader reads out
//   from, to      epoch ms
//   read(at)      the text under the chart for the time at the pointer
//   lines         [{points, class}] step lines; bars: {points, width} with width in ms
//   bands         [{from, to, class, label, shown}] behind; strips: the same as a thin strip on top
//   marks         [{at, label}] vertical lines; spots: [{at, value, from, count, label}] marks on a line
export function chart(signal, height) {
  const body = s('g'), cursor = s('path', { class: 'cursor' });
  const svg = s('svg', { class: 'chart', role: 'img', height }, body, cursor);
  const readout = h('p', { class: 'readout', 'aria-hidden': true }), el = h('div', { class: 'plot' }, svg, readout);
  let model, p, width = 0, drawn = '', pointer = null;

  function draw() {
    if (!model || !width) return;
    const now = JSON.stringify([model, width]);
    if (now === drawn) return;
    drawn = now;
    p = plan(model, width, height);
    attr(svg, 'aria-label', model.title);
    attr(svg, 'viewBox', `0 0 ${width} ${height}`);
    body.replaceChildren(...layers.flatMap(layer => layer(model, p)));
    point();
  }

  function point() {
    const at = p && pointer !== null ? p.timeAt(pointer) : NaN, inside = at >= model?.from && at <= model?.to;
    attr(cursor, 'd', inside ? `M${p.x(at)} ${pad.top}V${p.bottom}` : null);
    text(readout, inside ? `${stamp(at)} · ${model.read(at)}` : '');
  }

  function moved(x) {
    pointer = x;
    point();
  }
  svg.addEventListener('pointermove', e => moved(e.offsetX));
  svg.addEventListener('pointerleave', () => moved(null));
  const observer = new ResizeObserver(([entry]) => {
    width = Math.floor(entry.contentRect.width);
    draw();
  });
  observer.observe(el);
  signal.addEventListener('abort', () => observer.disconnect());
  return { el, update(next) {
    model = next;
    draw();
  } };
}
