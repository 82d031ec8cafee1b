// SPDX-License-Identifier: Apache-2.0
// The first page: one live view of the site. The token comes once in the fragment (#frg_...), which
// browsers never send, and is kept for this tab only.

import { follow, type Connection, type StreamEvent } from './event_stream';
import type { Overview } from './overview';
import { draw, element } from './view';

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
  draw(view, overview, history);
  if (pill.dataset.state !== 'live') showConnection('live');
}

function takeToken(): string {
  const fragment = location.hash.slice(1);
  if (fragment !== '') {
    sessionStorage.setItem(kTokenKey, fragment);
    window.history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(kTokenKey) ?? '';
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
    element('p', 'quiet', 'A new token: frugalctl token create --role viewer')));
  view.setAttribute('aria-busy', 'false');
}

function start(): void {
  const token = takeToken();
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

start();
