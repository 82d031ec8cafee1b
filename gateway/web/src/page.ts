// SPDX-License-Identifier: Apache-2.0
// The first page: one live view of the site. A start link carries a one-time code in its fragment,
// which browsers never send; it is changed for a token, which is kept for this tab only.

import { follow, type Connection, type StreamEvent } from './event_stream';
import type { Overview } from './overview';
import { element } from './elements';
import { draw } from './view';

const kTokenKey = 'frugal-token';
const kHistoryLength = 120;
const kStaleAfter_ms = 10_000;

const view = document.getElementById('view')!;
const pill = document.getElementById('connection')!;
const history: number[] = [];
let lastEvent_ms = 0;

function showConnection(state: Connection | 'stale'): void {
  pill.dataset.state = state;
  const age_s = Math.round((Date.now() - lastEvent_ms) / 1000);
  const words = { stale: `no news for ${age_s} s`, refused: 'token needed' } as Record<string, string>;
  pill.textContent = words[state] ?? state;
}

function onEvent(event: StreamEvent): void {
  if (event.name !== 'overview') return;
  const overview = JSON.parse(event.data) as Overview;
  lastEvent_ms = Date.now();
  history.push(overview.decisions.per_minute);
  if (history.length > kHistoryLength) history.shift();
  document.getElementById('site')!.textContent = overview.site;
  draw(view, overview, history, sessionStorage.getItem(kTokenKey) ?? '');
  if (pill.dataset.state !== 'live') showConnection('live');
}

/** Takes the code out of the address and of the history, before anything else can see it. */
function takeCode(): string {
  const code = location.hash.slice(1);
  if (code !== '') window.history.replaceState(null, '', location.pathname);
  return code;
}

/** Changes the code for a token; what is wrong with it otherwise, for people. */
async function redeem(code: string): Promise<string> {
  try {
    const response = await fetch('/start', {
      method: 'POST', cache: 'no-store',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code }),
    });
    const answer = await response.json() as { token?: string; detail?: string; cause?: string };
    if (response.ok && answer.token !== undefined) {
      sessionStorage.setItem(kTokenKey, answer.token);
      return '';
    }
    return `${answer.detail ?? response.status}: ${answer.cause ?? ''}`;
  } catch {
    return 'The gateway did not answer: reload the link to try again';
  }
}

function askForToken(message: string): void {
  const input = element('input', '') as HTMLInputElement;
  input.type = 'password';
  input.placeholder = 'frg_...';
  input.setAttribute('aria-label', 'access token');
  input.autocomplete = 'off';
  const form = element('form', '', input, element('button', '', 'Open'));
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    sessionStorage.setItem(kTokenKey, input.value.trim());
    start();
  });
  view.replaceChildren(element('section', 'card ask', element('h2', '', message), form,
    element('p', 'quiet', 'A new link: frugalctl token start. A new token: frugalctl token create --role viewer')));
  view.setAttribute('aria-busy', 'false');
}

function start(): void {
  const token = sessionStorage.getItem(kTokenKey) ?? '';
  if (token === '') {
    showConnection('refused');
    askForToken('This page needs an access token');
    return;
  }
  void follow('/api/v1/events', token, onEvent, (state) => {
    showConnection(state);
    if (state === 'refused') {
      sessionStorage.removeItem(kTokenKey);
      askForToken('That token is not valid here');
    }
  });
}

setInterval(() => {
  if (pill.dataset.state === 'live' || pill.dataset.state === 'stale') {
    if (Date.now() - lastEvent_ms > kStaleAfter_ms && lastEvent_ms > 0) showConnection('stale');
  }
}, 1000);

async function arrive(): Promise<void> {
  const code = takeCode();
  const refusal = code === '' ? '' : await redeem(code);
  if (refusal === '' || sessionStorage.getItem(kTokenKey) !== null) {
    start();
    return;
  }
  showConnection('refused');
  askForToken(refusal);
}

// Another link opened in the same tab changes the fragment only: the page is not loaded again.
window.addEventListener('hashchange', () => { if (location.hash !== '') location.reload(); });
void arrive();
