import { attr, h, keyed, text } from './dom.js';
import { formatOf, formats, offending } from './fields.js';
import { num, second } from './format.js';
import { ask, poll } from './net.js';

const shownBytes = 4096;

// hex is a dump of bytes, eight in a line.
function hex(bytes, cut) {
  const lines = [];
  for (let i = 0; i < Math.min(bytes.length, shownBytes); i += 8) {
    const row = [...bytes.subarray(i, i + 8)].map(b => b.toString(16).padStart(2, '0'));
    lines.push(`${i.toString(16).padStart(4, '0')}  ${row.join(' ')}`);
  }
  const more = cut + Math.max(0, bytes.length - shownBytes);
  if (more) lines.push(`and ${num(more)} more bytes`);
  return lines.join('\n');
}

// readable is the text of a letter, indented where it is JSON.
function readable(letter, bytes) {
  const t = letter.text ?? new TextDecoder().decode(bytes);
  try {
    return JSON.stringify(JSON.parse(t), null, 2);
  } catch {
    return t;
  }
}

function fieldTable(letter) {
  const name = formatOf(letter), [what, fields] = formats[name], wrong = offending(letter.detail);
  const hit = field => wrong && (field.split(', ').includes(wrong) ||
    (!fields.some(f => f[0] === wrong) && field.endsWith(`.${wrong.split('.').at(-1)}`)));
  return h('section', null, h('h3', null, name === 'unified' ? 'A unified event' : `What ${name} sends: ${what}`),
    h('table', { class: 'fields' },
    h('thead', null, h('tr', null, ['Field', 'Type', 'Meaning'].map(c => h('th', { scope: 'col' }, c)))),
    h('tbody', null, fields.map(([field, type, meaning]) => h('tr', { class: hit(field) ? 'hit' : null },
      h('th', { scope: 'row' }, h('code', null, field.split('.').map((part, i) => i ? ['.', h('wbr'), part] : part)),
        hit(field) && h('span', { class: 'hidden' }, ' (in question)')),
      h('td', null, type), h('td', null, meaning))))));
}

function editor(letter, written) {
  const area = h('textarea', { id: 'repair', rows: 8, spellcheck: 'false' }, written),
    answer = h('p', { role: 'status', class: 'answer' });
  const button = h('button', null, 'Replay');
  return h('form', { onsubmit: async e => {
    e.preventDefault();
    button.disabled = true;
    try {
      const { message_id } = await ask(`/page/deadletters/${letter.n}/replay`, { body: { data: area.value } });
      attr(answer, 'class', 'answer good');
      text(answer, `Sent again as message ${message_id}. It counts now.`);
    } catch (err) {
      attr(answer, 'class', 'answer bad');
      text(answer, err.reason ? `It would be refused again (${err.reason}): ${err.message}`
        : `It was not sent: ${err.message}`);
    }
    button.disabled = false;
  } }, h('h3', null, h('label', { for: 'repair' }, 'Repair and send again')), area,
    h('p', { class: 'row' }, button, answer));
}

function detail(ctx, letter, close) {
  const bytes = Uint8Array.from(atob(letter.raw), c => c.charCodeAt(0));
  const facts = [['Stage', letter.stage], ['Source', letter.source], ['Message id', letter.message_id ?? 'none'],
    ['Item', letter.item ?? 'all of it'],
    ['Published', letter.published_at_wall ? second(letter.published_at_wall) : 'unknown'],
    ['Failed', second(letter.failed_at_wall)],
    ...Object.entries(letter.attributes ?? {}).map(([k, v]) => [`Attribute ${k}`, v])];
  return h('section', { class: 'panel letter' },
    h('div', { class: 'row' }, h('h2', { tabindex: -1 }, `Letter ${letter.n}: ${letter.reason}`),
      h('button', { onclick: close }, 'Close')),
    h('p', { class: 'reason' }, letter.detail),
    h('dl', { class: 'facts' }, facts.map(([k, v]) => h('div', null, h('dt', null, k), h('dd', null, v)))),
    h('div', { class: 'sides' },
      h('div', null, h('h3', null, `Bytes (${num(bytes.length + (letter.cut ?? 0))})`),
        h('pre', { class: 'hex', tabindex: 0, 'aria-label': 'Bytes' }, hex(bytes, letter.cut ?? 0))),
      h('div', null, h('h3', null, letter.text === null ? 'As text (it is not UTF-8)' : 'As text'),
        h('pre', { tabindex: 0, 'aria-label': 'Text' }, readable(letter, bytes)))),
    h('details', { class: 'data' }, h('summary', null, 'Base64'), h('pre', { class: 'wrap' }, letter.raw)),
    ctx.info.mode === 'demo' && letter.replayable && editor(letter, letter.text ?? new TextDecoder().decode(bytes)),
    fieldTable(letter));
}

export default function deadletters(ctx) {
  const { signal, params } = ctx;
  let data = null, reason = params.get('reason') ?? '', open = Number(params.get('n')) || 0, shown = 0;
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Reasons' }),
    list = h('ul', { class: 'letters' });
  const note = h('p', { class: 'muted', role: 'status' }), place = h('div', { class: 'opened' });

  function show(n) {
    open = n;
    ctx.query({ n: n || '' });
    draw();
    if (n) place.querySelector('h2')?.focus();
    else list.querySelector('button')?.focus();
  }

  const chip = r => {
    const count = h('span', { class: 'n' }), button = h('button', { class: 'chip', onclick: () => {
      reason = r;
      ctx.query({ reason });
      draw();
    } }, r || 'All', ' ', count);
    return { el: button, update() {
      text(count, num(r ? data.reasons[r] : data.total));
      attr(button, 'aria-pressed', String(r === reason));
    } };
  };

  const row = l => {
    const again = h('span', { class: 'pill off', hidden: true }, 'sent again');
    const button = h('button', { onclick: () => show(l.n) },
      h('span', { class: 'meta' }, h('b', null, l.reason), ' ', again, h('time', null, second(l.failed_at_wall))),
      h('span', { class: 'text' }, l.detail),
      h('span', { class: 'meta' }, `${l.source} · ${l.stage} · letter ${l.n}`));
    return { el: h('li', null, button), update(x) {
      attr(button, 'aria-pressed', String(x.n === open));
      attr(again, 'hidden', !x.replayed);
    } };
  };

  function draw() {
    if (!data) return;
    keyed(chips, ['', ...Object.keys(data.reasons).sort((a, b) => data.reasons[b] - data.reasons[a])], r => r, chip);
    const found = data.letters.filter(l => !reason || l.reason === reason);
    keyed(list, found, l => l.n, row);
    text(note, found.length ? '' : data.total ? 'No letter of this reason is in memory.'
      : 'No message has been refused.');
    if (shown === open) return;
    const letter = data.letters.find(l => l.n === open);
    shown = open;
    if (letter) place.replaceChildren(detail(ctx, letter, () => show(0)));
    else place.replaceChildren(open ? h('p', { class: 'muted' }, `Letter ${open} is not in memory.`) : '');
  }

  poll(signal, 2000, async () => { data = await ask('/page/deadletters?limit=100', { signal }); draw(); });
  return h('div', { class: 'view' },
    h('section', { class: 'hero' }, h('h1', null, 'Dead letters'),
      h('p', { class: 'lead' }, 'What could not be used, why, and every byte of it.')),
    chips, note, h('div', { class: 'split letters-split' }, list, place));
}
