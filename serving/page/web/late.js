import { valueAt } from './chart.js';
import { num, plural, span, stamp } from './format.js';

// What came late to a store, and what a shop without barriers would show. Barriers and drops are in order of arrival.

const tenMinutes = 600_000;

function thing({ type, quantity: n }) {
  if (type === 'RECEIPT') return `receipt of ${num(n)}`;
  return n < 0 ? `return of ${num(-n)}` : `sale of ${num(n)}`;
}

// things names several drops.
const things = drops => `${num(drops.length)} late ${drops.some(d => d.type === 'RECEIPT') ? 'events' : 'sales'}`;

const effect = d => d.type === 'RECEIPT' ? d.quantity : -d.quantity;
const total = list => list.reduce((sum, d) => sum + effect(d), 0);
const added = b => b.recomputed.units - b.recomputed.received;
const recomputed = store => store.barriers.filter(b => b.recomputed.sales || b.recomputed.receipts);

// known is the on-hand as points [time, value], null where it is not known.
export const known = store => store.points.map(p => [p.at, p.known ? p.on_hand : null]);

// lateness is when something came late to a store the last time, or 0.
export const lateness = store => Math.max(0, ...[...store.dropped, ...recomputed(store)].map(x => x.arrived));
export const lateCount = store => store.dropped.length + recomputed(store).length;

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

// subtracted is the on-hand if late sales were subtracted although the newest count includes them.
export const subtracted = store => line(store, store.dropped.map(d => d.arrived), at => {
  const came = x => x.arrived <= at;
  const newest = Math.max(...[...store.barriers, ...store.dropped].filter(came).map(x => x.counted_at));
  return total(store.dropped.filter(d => came(d) && d.counted_at === newest));
});

// together joins drops that arrived within a while of each other and are in the same count.
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
    const at = g.at(-1).arrived, what = g.length > 1 ? things(g) : `Late ${thing(g[0])}`;
    return { at, from: Math.min(...g.map(d => d.occurred_at)), value: valueAt(known(store), at) ?? 0, count: g.length,
      label: `${what}, dropped` };
  });
}

// countStory puts into words what a count did.
function countStory(b) {
  const { sales, receipts } = b.recomputed, n = sales + receipts, late = span(b.arrived - b.counted_at);
  const moved = [sales && plural(sales, 'sale'), receipts && plural(receipts, 'receipt')].filter(Boolean).join(' and ');
  const again = n === 0 ? 'Nothing had been sold or received since, so the stock is the count.'
    : `${moved} since the count ${n === 1 ? 'was' : 'were'} applied again on top of it: ` +
      `${num(b.quantity - added(b))} on hand. Overwriting the stock would have shown ${num(b.quantity)}.`;
  return { key: `c${b.counted_at}-${b.arrived}`, at: b.arrived, kind: 'count',
    title: `Count of ${num(b.quantity)}${b.late ? `, ${late} late` : ''}`,
    text: `Counted at ${stamp(b.counted_at)}${b.late ? `, arrived at ${stamp(b.arrived)}` : ''}. ${again}` };
}

// dropStory puts into words why a group of drops changed nothing. wrong is the on-hand with them subtracted.
function dropStory(g, held, wrong) {
  const [d] = g, last = g.at(-1), occurred = g.map(x => x.occurred_at), count = stamp(d.counted_at);
  const what = g.length > 1
    ? `${things(g)} of ${plural(Math.abs(total(g)), 'unit')}, made from ${stamp(Math.min(...occurred))} to ` +
      `${stamp(Math.max(...occurred))}, arrived until ${stamp(last.arrived)}. `
    : `A ${thing(d)}, made at ${stamp(d.occurred_at)}, arrived at ${stamp(d.arrived)}. `;
  const why = `The count of ${count} includes ${g.length > 1 ? 'them, so they were' : 'it, so it was'} dropped.`;
  const would = held === null ? '' : ` Subtracting again would have shown ${num(wrong)} instead of ${num(held)}.`;
  return { key: `d${d.arrived}-${d.occurred_at}-${d.quantity}`, at: last.arrived, kind: 'drop',
    text: what + why + would, title: g.length > 1 ? `${things(g)}, dropped` : `Late ${thing(d)}, dropped` };
}

// story puts into words what came late, the newest first: [{key, at, kind, title, text}].
export function story(store) {
  const told = store.barriers.filter(b => b.late || recomputed(store).includes(b)).map(countStory);
  const real = known(store), sums = new Map();
  for (const g of together(store.dropped, tenMinutes).flatMap(g => g.length > 3 ? [g] : g.map(d => [d]))) {
    const held = valueAt(real, g.at(-1).arrived), sum = (sums.get(g[0].counted_at) ?? 0) + total(g);
    sums.set(g[0].counted_at, sum);
    told.push(dropStory(g, held, held + sum));
  }
  return told.sort((a, b) => b.at - a.at);
}

// summary is what is prevented now, or ''.
export function summary(store, name) {
  const [held, over, under] = [known, overwritten, subtracted].map(of => valueAt(of(store), Infinity));
  if (over === null && under === null) return '';
  const said = [`${name} has ${num(held)} on hand.`];
  if (over !== null) {
    const kind = over > held ? 'that are sold already (phantom stock)' : 'too few, because they were received since';
    said.push(`With the late count alone it would be ${num(over)}: ${plural(Math.abs(over - held), 'unit')} ${kind}.`);
  }
  if (under !== null) {
    said.push(`With the late sales subtracted again it would be ${num(under)}: ` +
      `${plural(Math.abs(held - under), 'unit')} too ${under < held ? 'few' : 'many'}.`);
  }
  return said.join(' ');
}

// rows are all that happened to a store, the newest first: [time, on-hand, event].
export const rows = store => [...store.points.map(p => [p.at, p.known ? num(p.on_hand) : 'not known', '']),
  ...store.barriers.map(b => [b.arrived, '', `count of ${num(b.quantity)}, made at ${stamp(b.counted_at)}`]),
  ...store.dropped.map(d => [d.arrived, '', `late ${thing(d)}, made at ${stamp(d.occurred_at)}: dropped`])]
  .sort((a, b) => b[0] - a[0]).slice(0, 500).map(([at, ...rest]) => [stamp(at), ...rest]);
