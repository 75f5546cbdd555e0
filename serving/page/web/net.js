// Problem is an answer that is no success, with what problem+json states of it.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    Object.assign(this, { status, reason: body.reason });
  }
}

// connection calls changed(lost) when the server stops answering, and when it answers again.
export const connection = { lost: false, changed() {} };

function answered(ok) {
  if (ok !== connection.lost) return;
  connection.lost = !ok;
  connection.changed(connection.lost);
}

// ask sends a GET, or a POST of body, and returns the JSON of the answer.
export async function ask(path, { signal, body } = {}) {
  const options = body === undefined ? { signal }
    : { signal, method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  let response, json;
  try {
    response = await fetch(path, options);
    json = await response.json();
  } catch (err) {
    if (!signal?.aborted) answered(false);
    err.lost = true;
    throw err;
  }
  answered(true);
  if (!response.ok) throw new Problem(response.status, json);
  return json;
}

// poll calls fn at once and then every ms while the tab is visible, until signal. With ms = 0 it ends when fn succeeds.
export function poll(signal, ms, fn) {
  let timer, busy = false, done = false;
  const run = async () => {
    clearTimeout(timer);
    if (busy || done || signal.aborted || document.hidden) return;
    busy = true;
    try {
      await fn();
      done = ms === 0;
    } catch (err) {
      const expected = err instanceof Problem || err.lost || signal.aborted;
      if (!expected) throw err;
    } finally {
      busy = false;
      if (!done && !signal.aborted) timer = setTimeout(run, connection.lost ? Math.max(ms, 2000) : ms || 2000);
    }
  };
  document.addEventListener('visibilitychange', run, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  run();
}

// stream reads server-sent events while the tab is visible, until signal. It resumes where it was. on has a function
// for each name of an event; problem and recovered are called for the stream itself too.
export function stream(signal, path, on) {
  let source, timer, last = '';
  const close = () => {
    clearTimeout(timer);
    source?.close();
  };
  const reopen = ms => {
    close();
    timer = setTimeout(open, ms);
  };
  const open = () => {
    close();
    if (signal.aborted || document.hidden) return;
    source = new EventSource(path + (last ? `&last_event_id=${encodeURIComponent(last)}` : ''));
    source.onopen = () => {
      answered(true);
      on.recovered();
    };
    source.onerror = () => {
      reopen(2000);
      ask('/page/info', { signal }).then(() => on.problem({ title: 'Signals cannot be read' }), () => {});
    };
    source.addEventListener('end', () => reopen(1000));
    for (const [name, fn] of Object.entries(on)) {
      source.addEventListener(name, e => {
        last = e.lastEventId || last;
        fn(JSON.parse(e.data));
      });
    }
  };
  document.addEventListener('visibilitychange', () => document.hidden ? close() : open(), { signal });
  signal.addEventListener('abort', close);
  open();
}
