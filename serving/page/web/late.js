import { valueAt } from './chart.js';
import { num, plural, span, stamp } from './format.js';

// What came late to a store, and what a shop without barriers would show. Barriers and drops are in order of arrival.

const tenMinutes = 600_000;

function thing({ type, quantity: n }) {
  if (type === 'RECEIPT') return `delivery of ${num(n)}`;
  return n < 0 ? `return of ${num(-n)}` : `sale of ${num(n)}`;
}

const effect = d => d.type === 'RECEIPT' ? d.quantity : -d.quantity;
const total = list => list.reduce((sum, d) => sum + effect(d), 0);
const added = b => (b.recomputed?.units ?? 0) - (b.recomputed?.received ?? 0);
const counts = store => store.barriers.filter(b => b.recomputed?.sales || b.recomputed?.receipts);

// known is the on-hand as points [time, value], null where it is not known.
export const known = store => store.points.map(p => [p.at, p.known ? p.on_hand : null]);

// lateness is when something came late to a store the last time, or 0.
export const lateness = store => Math.max(0, ...[...store.dropped, ...counts(store)].map(x => x.arrived));
export const lateCount = store => store.dropped.length + counts(store).length;

// line returns the on-hand plus off(time), where that is not 0.
function line(store, times, off) {
  const real = known(store);
  return [...new Set([...real.map(p => p[0]), ...times])].sort((a, b) => a - b).map(at => {
    const v = valueAt(real, at), d = off(at);
    return [at, v === null || d === 0 ? null : v + d];
  });
}

// overwritten is the on-hand if a late count replaced it: the sales since the count would be phantom stock.
export const overwritten = store => line(store, [], at => {
  const held = store.barriers.findLast(b => b.arrived <= at);
  return held ? added(held) : 0;
});

// subtracted is the on-hand if late sales were subtracted although the newest count covers them.
export const subtracted = store => line(store, store.dropped.map(d => d.arrived), at => {
  const came = x => x.arrived <= at;
  const newest = Math.max(...[...store.barriers, ...store.dropped].filter(came).map(x => x.counted_at));
  return total(store.dropped.filter(d => came(d) && d.counted_at === newest));
});

// together joins drops that arrived within a while of each other and are covered by one count.
function together(drops, within) {
  const groups = [];
  for (const d of drops) {
    const g = groups.at(-1);
    if (g && g[0].counted_at === d.counted_at && d.arrived - g[0].arrived <= within) g.push(d);
    else groups.push([d]);
  }
  return groups;
}

// spots are the drops for a chart: one mark for those that would lie on each other.
export function spots(store, from, now) {
  return together(store.dropped.filter(d => d.arrived >= from), (now - from) / 60).map(g => {
    const at = g.at(-1).arrived, what = g.length > 1 ? `${num(g.length)} late sales` : `Late ${thing(g[0])}`;
    return { at, from: Math.min(...g.map(d => d.occurred_at)), value: valueAt(known(store), at) ?? 0, count: g.length,
      label: `${what}, dropped` };
  });
}

// story puts into words what came late, the newest first: [{key, at, kind, title, says}].
export function story(store) {
  const real = known(store), newest = Math.max(...[...store.barriers, ...store.dropped].map(x => x.counted_at));
  const told = store.barriers.filter(b => b.late || counts(store).includes(b)).map(b => {
    const { sales = 0, receipts = 0 } = b.recomputed ?? {}, n = sales + receipts;
    const moved = [sales && plural(sales, 'sale'), receipts &&
      plural(receipts, 'delivery', 'deliveries')].filter(Boolean).join(' and ');
    const late = b.late ? `This count arrived ${span(b.arrived - b.counted_at)} late. ` : '';
    const again = !n ? 'Nothing had come after it, so the stock is what was counted.'
      : `${moved} after it ${n === 1 ? 'was' : 'were'} applied again on top.` +
        ` Plain overwriting would have shown ${num(b.quantity)} instead of ${num(b.quantity - added(b))}.`;
    return { key: `c${b.counted_at}-${b.arrived}`, at: b.arrived, kind: 'count',
      says: `Counted at ${stamp(b.counted_at)}. ${late}${again}`,
      title: `Count of ${num(b.quantity)}${b.late ? `, ${span(b.arrived - b.counted_at)} late` : ''}` };
  });
  const sums = new Map();
  for (const g of together(store.dropped, tenMinutes).flatMap(g => g.length > 3 ? [g] : g.map(d => [d]))) {
    const [d] = g, last = g.at(-1), sum = (sums.get(d.counted_at) ?? 0) + total(g);
    sums.set(d.counted_at, sum);
    const still = d.counted_at === newest && last === store.dropped.at(-1),
      held = valueAt(real, still ? Infinity : last.arrived);
    const occurred = g.map(x => x.occurred_at), count = stamp(d.counted_at);
    const what = g.length > 1
      ? `${num(g.length)} sales of ${plural(Math.abs(total(g)), 'unit')} from ${stamp(Math.min(...occurred))} to ` +
        `${stamp(Math.max(...occurred))} arrived until ${stamp(last.arrived)}. ` +
        `The count of ${count} covers them: dropped.`
      : `A ${thing(d)} from ${stamp(d.occurred_at)} arrived at ${stamp(d.arrived)}. ` +
        `The count of ${count} covers it: dropped.`;
    const would = held === null ? ''
      : ` A plain subtraction would ${still ? 'now show' : 'have shown'} ${num(held + sum)} instead of ${num(held)}.`;
    told.push({ key: `d${d.arrived}-${d.occurred_at}-${d.quantity}`, at: last.arrived, kind: 'drop', says: what + would,
      title: g.length > 1 ? `${num(g.length)} late sales, dropped` : `Late ${thing(d)}, dropped` });
  }
  return told.sort((a, b) => b.at - a.at);
}

// summary is what is prevented now, or ''.
export function summary(store, name) {
  const held = valueAt(known(store), Infinity), over = valueAt(overwritten(store), Infinity),
    under = valueAt(subtracted(store), Infinity);
  if (over === null && under === null) return '';
  const said = [`${name} has ${num(held)} on hand.`];
  if (over !== null) {
    said.push(`Overwriting the stock with the late count would show ${num(over)}: ` +
      `${plural(Math.abs(over - held), 'unit')} ` +
      `${over > held ? 'of phantom stock, sold already' : 'too few, received already'}.`);
  }
  if (under !== null) {
    said.push(`Subtracting the late sales again would show ${num(under)}: ` +
      `${plural(Math.abs(held - under), 'unit')} too ${under < held ? 'few' : 'many'}.`);
  }
  return said.join(' ');
}

// rows are all that happened to a store, the newest first: [time, on-hand, event].
export const rows = store => [...store.points.map(p => [p.at, p.known ? num(p.on_hand) : 'not known', '']),
  ...store.barriers.map(b => [b.arrived, '', `count of ${num(b.quantity)}, made at ${stamp(b.counted_at)}`]),
  ...store.dropped.map(d => [d.arrived, '', `late ${thing(d)} of ${stamp(d.occurred_at)}: dropped`])]
  .sort((a, b) => b[0] - a[0]).slice(0, 500).map(([at, ...rest]) => [stamp(at), ...rest]);
