import { attr, details, facts, h, head, keyed, text } from './dom.js';
import { formatOf, formats, offending } from './fields.js';
import { num, plural, wall, wallTime } from './format.js';
import { ask, poll } from './net.js';

const shownBytes = 4096, shownLetters = 100;

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

// readable is a text, indented where it is JSON.
function readable(t) {
  try {
    t = JSON.stringify(JSON.parse(t), null, 2);
  } catch { /* it is shown as it is */ }
  const more = t.length - 4 * shownBytes;
  return more > 0 ? `${t.slice(0, -more)}\nand ${num(more)} more characters` : t;
}

function fieldTable(letter) {
  const name = formatOf(letter), [what, fields] = formats[name], wrong = offending(letter.detail);
  const listed = fields.some(f => f[0] === wrong);
  const hit = field => wrong &&
    (field.split(', ').includes(wrong) || (!listed && field.endsWith(`.${wrong.split('.').at(-1)}`)));
  const breakable = field => field.split('.').map((part, i) => i ? ['.', h('wbr'), part] : part);
  return h('section', null, h('h3', null, `What ${name === 'unified' ? 'is sent' : `${name} sends`}: ${what}`),
    h('table', { class: 'fields' }, head(['Field', 'Type', 'Meaning']),
      h('tbody', null, fields.map(([field, type, meaning]) => h('tr', { class: hit(field) ? 'hit' : null },
        h('th', { scope: 'row' }, h('code', null, breakable(field)),
          hit(field) && h('span', { class: 'hidden' }, ' (refused)')),
        h('td', null, type), h('td', null, meaning))))));
}

function editor(letter, written) {
  const area = h('textarea', { id: 'repair', rows: 8, spellcheck: 'false' }, written),
    answer = h('p', { role: 'status', class: 'answer' }), button = h('button', null, 'Replay');
  const show = (result, words) => {
    attr(answer, 'class', `answer ${result}`);
    text(answer, words);
  };
  async function replay(e) {
    e.preventDefault();
    button.disabled = true;
    try {
      const { message_id } = await ask(`/page/deadletters/${letter.n}/replay`, { body: { data: area.value } });
      show('good', `Sent again as message ${message_id}. The pipeline counts it now.`);
    } catch (err) {
      show('bad', (err.reason ? `It would be refused again (${err.reason}): ` : 'It was not sent: ') + err.message);
    }
    button.disabled = false;
  }
  return h('form', { onsubmit: replay }, h('h3', null, h('label', { for: 'repair' }, 'Repair and send again')), area,
    h('p', { class: 'row' }, button, answer));
}

function detail(ctx, letter, close) {
  const bytes = Uint8Array.from(atob(letter.raw), c => c.charCodeAt(0)), cut = letter.cut ?? 0;
  const written = letter.text ?? new TextDecoder().decode(bytes);
  return h('section', { class: 'panel letter' },
    h('div', { class: 'row' }, h('h2', { tabindex: -1 }, `Letter ${letter.n}: ${letter.reason}`),
      h('button', { onclick: close }, 'Close')),
    h('p', { class: 'reason' }, letter.detail),
    facts([['Stage', letter.stage], ['Source', letter.source], ['Message id', letter.message_id ?? 'none'],
      ['Item', letter.item ?? 'the whole message'],
      ['Published', letter.published_at_wall ? wall(letter.published_at_wall) : 'unknown'],
      ['Refused', wall(letter.failed_at_wall)],
      ...Object.entries(letter.attributes ?? {}).map(([k, v]) => [`Attribute ${k}`, v])]),
    h('div', { class: 'sides' },
      h('div', null, h('h3', null, `Bytes (${num(bytes.length + cut)})`),
        h('pre', { class: 'hex', tabindex: 0, 'aria-label': 'Bytes' }, hex(bytes, cut))),
      h('div', null, h('h3', null, letter.text === null ? 'As text (it is not UTF-8)' : 'As text'),
        h('pre', { tabindex: 0, 'aria-label': 'Text' }, readable(written)))),
    details('All bytes as Base64', h('pre', { class: 'wrap' }, letter.raw)),
    ctx.info.mode === 'demo' && letter.replayable && editor(letter, written),
    fieldTable(letter));
}

export default function deadletters(ctx) {
  const { signal, params } = ctx;
  let data = null, reason = params.get('reason') ?? '';
  let open = Number(params.get('n')) || 0, letter, shown = null; // the number and the letter that is open
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Reasons' }),
    list = h('ul', { class: 'letters' }), place = h('div', { class: 'opened' });
  const note = h('p', { class: 'muted', role: 'status' }, 'Loading…');

  function show(n) {
    open = n;
    letter = data.letters.find(l => l.n === n);
    ctx.query({ n: n || '' });
    draw();
    (place.querySelector('h2') ?? list.querySelector('button'))?.focus();
  }

  function filter(r) {
    reason = r;
    ctx.query({ reason });
    load().catch(() => { /* the banner states it, and the poll tries again */ });
  }

  const chip = r => {
    const count = h('span', { class: 'n' });
    const button = h('button', { class: 'chip', onclick: () => filter(r) }, r || 'All', ' ', count);
    return { el: button, update() {
      text(count, num(r ? data.reasons[r] : data.total));
      attr(button, 'aria-pressed', String(r === reason));
    } };
  };

  const row = l => {
    const again = h('span', { class: 'pill off', hidden: true }, 'sent again');
    const button = h('button', { onclick: () => show(l.n) },
      h('span', { class: 'meta' }, h('b', null, l.reason), ' ', again, h('time', null, wallTime(l.failed_at_wall))),
      h('span', null, l.detail),
      h('span', { class: 'meta' }, `${l.source} · ${l.stage} · letter ${l.n}`));
    return { el: h('li', null, button), update(x) {
      attr(button, 'aria-pressed', String(x.n === open));
      attr(again, 'hidden', !x.replayed);
    } };
  };

  // words states what the list lacks.
  function words() {
    const n = data.letters.length, all = reason ? data.reasons[reason] ?? 0 : data.total;
    if (!all) return 'No message has been refused.';
    if (!n) return 'No letter of this reason is in memory any more.';
    return all > n ? `The list has the newest ${plural(n, 'letter')} of ${num(all)}.` : '';
  }

  function draw() {
    if (!data) return;
    keyed(chips, ['', ...Object.keys(data.reasons).sort((a, b) => data.reasons[b] - data.reasons[a])], r => r, chip);
    keyed(list, data.letters, l => l.n, row);
    text(note, words());
    if (shown === open) return;
    shown = open;
    if (letter) place.replaceChildren(detail(ctx, letter, () => show(0)));
    else place.replaceChildren(h('p', { class: 'panel muted', hidden: !data.letters.length }, open
      ? `Letter ${open} is not in memory any more.` : 'Choose a letter to see its bytes, and what is wrong.'));
  }

  async function load() {
    const asked = reason, list = `/page/deadletters?limit=${shownLetters}&reason=${encodeURIComponent(asked)}`;
    const answer = await ask(list, { signal });
    if (asked !== reason) return; // another was chosen meanwhile
    data = answer;
    letter = data.letters.find(l => l.n === open);
    if (open && !letter && shown !== open) [letter] = (await ask(`/page/deadletters?n=${open}`, { signal })).letters;
    draw();
  }

  poll(signal, 2000, load);
  return h('div', { class: 'view' },
    h('section', { class: 'hero' }, h('h1', null, 'Dead letters'),
      h('p', { class: 'lead' }, 'What could not be used: the reason, and all bytes of each message.')),
    chips, note, h('div', { class: 'split letters-split' }, list, place));
}
