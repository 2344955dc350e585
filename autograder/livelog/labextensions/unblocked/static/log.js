// The live log: a strip of the last five seconds, and one line for each event. It draws the messages
// of livelog/serving.py and does not use JupyterLab.

const SPAN = 5; // seconds in the strip: hearts that are 0.2 s apart do not overlap
const LINES = 400; // that the log keeps; older ones are removed
const AGAIN = 2000; // milliseconds until the next attempt to connect
// Milliseconds between two steps of the strip.
const FRAME = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 50;
const MARKED = { heartbeat: '♥\ufe0e', late: '▲', killed: '✖\ufe0e', resumed: '↻', ready: '●' };
const AWAITED = 'No gateway is running.';
const NEWS = new Set(['ready', 'killed', 'resumed']); // events that a screen reader announces

const PAGE = `
  <header>
    <h2>Live log of the gateway</h2>
    <label hidden>Notebook <select></select></label>
    <p class="state"></p>
    <div class="strip" aria-hidden="true"><div class="track"></div></div>
    <div class="scale" aria-hidden="true"><span>${SPAN} s ago</span><span>now</span></div>
  </header>
  <div class="past" tabindex="0" role="region" aria-label="What the gateway saw">
    <div class="empty">
      <p>Nothing has happened yet. Run a cell that starts a gateway, as <code>evening(...)</code> in
      unit 03 does: here you see what it sees, while it happens, even while your code blocks.</p>
      <ul>
        <li><b>♥\ufe0e heartbeat</b> the bot is alive
        <li><b class="warn">▲ late</b> a heartbeat is missing
        <li><b class="bad">✖\ufe0e CLOSED</b> too late: the gateway closed the connection
        <li><b class="good">↻ RESUMED</b> the bot is back
      </ul>
    </div>
    <ol></ol>
  </div>
  <p class="news" role="status" aria-live="polite"></p>`;

export class LiveLog {
  constructor(node, url) {
    this.url = url;
    node.innerHTML = PAGE;
    const find = selector => node.querySelector(selector);
    [this.state, this.past, this.list] = ['.state', '.past', 'ol'].map(find);
    [this.track, this.empty, this.news] = ['.track', '.empty', '.news'].map(find);
    [this.choice, this.label] = ['select', 'label'].map(find);
    this.choice.onchange = () => this.choose(this.choice.value);
    this.forget();
  }

  // -- the connection: open while the panel is visible --------------------------------------------

  start() {
    this.stop();
    const socket = (this.socket = new WebSocket(this.url));
    socket.onopen = () => this.forget();
    socket.onmessage = message => this.take(JSON.parse(message.data));
    socket.onclose = () => {
      this.say("JupyterLab's server does not answer: trying again.", 'warn');
      this.retry = setTimeout(() => this.start(), AGAIN);
    };
    this.ticking = setInterval(() => this.move(), FRAME);
  }

  stop() {
    clearTimeout(this.retry);
    clearInterval(this.ticking);
    if (this.socket) {
      this.socket.onclose = null;
      this.socket.close();
      this.socket = null;
    }
  }

  forget() {
    this.gateways = new Map(); // key -> { by, number, heartbeat, dead_after, beats: bot -> row }
    this.notebooks = new Map(); // name -> how many gateways it has started
    this.states = new Map(); // name -> { sentence, tone }
    this.marks = []; // in the strip: { node, at, until }; `until` is null while a silence lasts
    this.headed = null;
    this.chosen = null;
    this.list.replaceChildren();
    this.track.replaceChildren();
    this.choice.replaceChildren();
    this.label.hidden = true;
    this.empty.hidden = false;
    this.say(AWAITED);
  }

  take(message) {
    if ('now' in message) {
      this.behind = message.now - performance.now() / 1000;
    } else if ('world' in message) {
      this.endAll();
    } else if ('event' in message) {
      this.happened(message, this.gateways.get(message.gateway));
    } else if ('by' in message) {
      this.meet(message);
    } else if (message.ended) {
      this.end(message.gateway);
    }
  }

  // -- gateways and their notebooks -----------------------------------------------------------------

  meet({ gateway, by, heartbeat, dead_after }) {
    const number = (this.notebooks.get(by) ?? 0) + 1;
    this.notebooks.set(by, number);
    this.hush(mark => mark.by === by); // the silences of this notebook's earlier gateways end
    this.gateways.set(gateway, { by, number, heartbeat, dead_after, beats: new Map() });
    if (number === 1) {
      this.choice.append(new Option(by, by));
      this.label.hidden = this.notebooks.size < 2;
    }
    this.choose(by);
    this.say('● A gateway is running; no bot has connected yet.', '', by);
  }

  end(key) {
    this.hush(mark => mark.gateway === key);
    const by = this.gateways.get(key)?.by;
    this.gateways.delete(key);
    if (by && ![...this.gateways.values()].some(gateway => gateway.by === by)) {
      this.say('○ The gateways have ended.', '', by);
    }
  }

  endAll() {
    [...this.gateways.keys()].forEach(key => this.end(key));
    this.headed = null;
  }

  choose(notebook) {
    this.chosen = this.choice.value = notebook;
    for (const row of this.list.children) {
      row.hidden = row.dataset.by !== notebook;
    }
    this.track.replaceChildren(...this.marks.filter(mark => this.seen(mark)).map(mark => mark.node));
    this.past.scrollTop = this.past.scrollHeight;
    const { sentence, tone } = this.states.get(notebook) ?? { sentence: '' };
    this.say(sentence, tone);
  }

  seen(mark) {
    return mark.by === this.chosen;
  }

  // The current state: of everything, or of the gateways of one notebook.
  say(sentence, tone = '', by = this.chosen) {
    this.states.set(by, { sentence, tone });
    if (by === this.chosen) {
      this.state.textContent = sentence;
      this.state.className = `state ${tone}`;
    }
  }

  // -- what happened: a mark in the strip, a line in the log ---------------------------------------

  happened(event, gateway) {
    if (!gateway) {
      return;
    }
    this.mark(event, gateway);
    this.tellState(event, gateway.by);
    // If the reader has scrolled back, the log does not scroll.
    const atEnd = this.past.scrollHeight - this.past.scrollTop - this.past.clientHeight < 40;
    this.write(event, gateway);
    if (atEnd) {
      this.past.scrollTop = this.past.scrollHeight;
    }
  }

  write(event, gateway) {
    if (event.event === 'listening') {
      this.head(event.gateway, gateway);
    }
    if (!event.line) {
      return;
    }
    const known = event.event === 'heartbeat' && gateway.beats.get(event.bot);
    if (known) {
      known.count(event);
      return;
    }
    this.head(event.gateway, gateway);
    const row = this.row(event, gateway);
    if (event.event === 'heartbeat') {
      gateway.beats.set(event.bot, beats(row, event));
    } else {
      gateway.beats.clear();
    }
    if (NEWS.has(event.event)) {
      this.news.textContent = `${event.line.word}: ${event.line.text}`;
    }
  }

  tellState({ event, bot }, by) {
    const who = bot > 1 ? `Bot ${bot}` : 'The bot';
    if (event === 'heartbeat' || event === 'resumed' || event === 'ready') {
      this.say(`♥\ufe0e ${who} is connected.`, 'good', by);
    } else if (event === 'late') {
      this.say(`▲ ${who} is silent.`, 'warn', by);
    } else if (event === 'killed') {
      this.say(`✖\ufe0e ${who} was disconnected by the gateway.`, 'bad', by);
    } else if (event === 'closed') {
      this.say(`○ ${who} is not connected.`, '', by);
    }
  }

  head(key, { by, number, heartbeat, dead_after }) {
    if (this.headed === key) {
      return;
    }
    this.headed = key;
    this.empty.hidden = true;
    const patience = `a heartbeat every ${heartbeat} s; its patience: ${+dead_after.toFixed(3)} s`;
    const row = this.add('head', by);
    row.append(part('b', 'name', `Gateway ${number} of ${by}`), part('span', 'text', patience));
  }

  row({ event, t, at, line }, { by }) {
    const row = this.add(line.tone, by);
    Object.assign(row.dataset, { event, at });
    row.append(part('span', 'time', t.toFixed(2)), part('span', 'symbol', line.symbol + '\ufe0e'));
    const what = part('span', 'what', '');
    what.append(part('b', 'word', line.word), ' ', part('span', 'text', line.text));
    row.append(what);
    return row;
  }

  add(kind, by) {
    const row = part('li', kind, '');
    row.dataset.by = by;
    row.hidden = by !== this.chosen;
    this.list.append(row);
    while (this.list.childElementCount > LINES) {
      this.list.firstChild.remove();
    }
    return row;
  }

  // -- the strip -----------------------------------------------------------------------------------

  mark({ gateway, event, bot, at, gap }, { by }) {
    const silence = this.marks.find(
      mark => mark.until === null && mark.gateway === gateway && (!bot || !mark.bot || mark.bot === bot)
    );
    if (silence && ['heartbeat', 'resumed', 'ready', 'closed'].includes(event)) {
      silence.until = at;
    }
    if (event === 'late') {
      const node = part('i', 'silence', '');
      this.place({ node, at: at - gap, until: null, gateway, bot, by });
    }
    if (event in MARKED) {
      this.place({ node: part('i', `mark ${event}`, MARKED[event]), at, until: at, by });
    }
  }

  hush(which) {
    for (const mark of this.marks.filter(which)) {
      mark.until ??= this.now();
    }
  }

  place(mark) {
    this.marks.push(mark);
    if (this.seen(mark)) {
      this.track.append(mark.node);
    }
    this.step(mark, this.now());
  }

  move() {
    const now = this.now();
    this.marks = this.marks.filter(mark => {
      const visible = (mark.until ?? now) > now - SPAN;
      visible ? this.step(mark, now) : mark.node.remove();
      return visible;
    });
  }

  step({ node, at, until }, now) {
    const left = Math.max(0, 1 - (now - at) / SPAN);
    node.style.left = `${left * 100}%`;
    if (until !== at) {
      node.style.right = `${Math.max(0, (now - (until ?? now)) / SPAN) * 100}%`;
    }
  }

  // The time now, in seconds on the gateways' clock.
  now() {
    return performance.now() / 1000 + (this.behind ?? 0);
  }
}

function part(tag, kind, text) {
  const node = document.createElement(tag);
  node.className = kind;
  node.textContent = text;
  return node;
}

// Heartbeats that follow each other share one line, which counts them.
function beats(row, first) {
  const text = row.querySelector('.text');
  let number = 1;
  return {
    count(event) {
      number += 1;
      row.dataset.at = event.at;
      text.textContent = `× ${number}, the last at ${event.t.toFixed(2)}`;
    }
  };
}
