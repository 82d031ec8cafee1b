// SPDX-License-Identifier: Apache-2.0
// Overview to HTML. Every text that came from outside goes through textContent, never through HTML.

import type { NamedCount, Overview, Rollout } from './overview';

const kBusyStates = ['offered', 'transfer', 'staged', 'waiting', 'self_test', 'probation'];
const kBadStates = ['refused', 'reverted', 'quarantined', 'unreachable'];

export function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const node = document.createElement(name);
  if (className !== '') node.className = className;
  node.append(...children);
  return node;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

const count = (value: number) => value.toLocaleString('en');

function facts(rows: [string, string][]): HTMLElement {
  return element('dl', '', ...rows.flatMap(([term, value]) => [element('dt', '', term), element('dd', '', value)]));
}

function card(title: string, ...children: (Node | string)[]): HTMLElement {
  return element('section', 'card', element('h2', '', title), ...children);
}

function figure(value: string, unit: string): HTMLElement {
  return element('div', 'figure', value, ' ', element('small', '', unit));
}

function sumOf(states: NamedCount[], names: string[]): number {
  return states.filter((state) => names.includes(state.name)).reduce((sum, state) => sum + state.count, 0);
}

function rolloutCard(rollout: Rollout | null): HTMLElement {
  const box = card('Rollout');
  box.classList.add('wide');
  if (rollout === null) {
    box.append(element('p', 'quiet', 'No rollout yet. Start one: frugalctl rollout start MODEL@RELEASE --all'));
    return box;
  }
  const confirmed = sumOf(rollout.states, ['confirmed']);
  const share = (part: number) => `${rollout.devices === 0 ? 0 : (100 * part) / rollout.devices}%`;
  const bar = element('div', 'progress');
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', `${confirmed} of ${rollout.devices} devices confirmed`);
  for (const [className, part] of [['', confirmed], ['busy', sumOf(rollout.states, kBusyStates)],
    ['bad', sumOf(rollout.states, kBadStates)]] as [string, number][]) {
    const piece = element('span', className);
    piece.style.width = share(part);
    bar.append(piece);
  }
  const rows = rollout.states.filter((state) => state.count > 0);
  box.append(
    figure(`${count(confirmed)} / ${count(rollout.devices)}`, `confirmed on ${rollout.model}@${rollout.release} (${rollout.state})`),
    bar,
    facts(rows.map((state) => [state.name, count(state.count)])),
  );
  if (rollout.reasons.length > 0) {
    box.append(element('h2', '', 'Reasons'), facts(rollout.reasons.map((reason) => [reason.name, count(reason.count)])));
  }
  return box;
}

function trace(values: number[]): SVGElement {
  const kNamespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(kNamespace, 'svg');
  svg.setAttribute('class', 'trace');
  svg.setAttribute('viewBox', '0 0 119 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  const peak = Math.max(1, ...values);
  svg.setAttribute('aria-label', `decisions per minute over the last two minutes, peak ${Math.round(peak)}`);
  const line = document.createElementNS(kNamespace, 'polyline');
  line.setAttribute('points', values.map((value, i) => `${119 - (values.length - 1 - i)},${98 - (94 * value) / peak}`).join(' '));
  svg.append(line);
  return svg;
}

function fleetCard(overview: Overview): HTMLElement {
  const { fleet } = overview;
  const box = card('Fleet');
  if (fleet.devices === 0) {
    box.append(element('p', 'quiet', 'No device yet. Add one: frugalctl device add NAME'));
    return box;
  }
  box.append(
    figure(`${count(fleet.online)} / ${count(fleet.devices)}`, 'devices online'),
    facts([
      ...fleet.classes.map((c) => [c.device_class || 'class unknown', `${count(c.online)} / ${count(c.devices)}`] as [string, string]),
      ['revoked', count(fleet.revoked)],
      ['quarantined', count(fleet.quarantined)],
    ]),
  );
  return box;
}

/** Draws the whole page into `root`. `history` holds decisions per minute, oldest first. */
export function draw(root: HTMLElement, overview: Overview, history: number[]): void {
  const { decisions, escalations, bytes, energy } = overview;
  const grid = element('div', 'grid',
    fleetCard(overview),
    card('Decisions', figure(count(Math.round(decisions.per_minute)), 'per minute'), trace(history), facts([
      ['committed', count(decisions.total)],
      ['duplicates dropped', count(decisions.duplicates)],
      ['declared gaps', count(decisions.gaps)],
    ])),
    card('Escalations', figure(count(escalations.answered), 'answered by the edge'), facts([
      ['waiting', count(escalations.waiting)],
      ['told busy', count(escalations.busy)],
      ['expired', count(escalations.late)],
      ['edge model time', `${escalations.service_ms.toFixed(1)} ms`],
    ])),
    card('Raw data that stayed on the devices', figure(bytesText(bytes.raw_avoided), 'not sent'), facts([
      ['sent up', bytesText(bytes.up)],
      ['sent down', bytesText(bytes.down)],
      ['of it models', bytesText(bytes.model)],
    ])),
    card('Energy, as the devices report it', figure(energy.avoided_j.toFixed(1), 'J of radio avoided'), facts([
      ['spent by devices', `${energy.spent_j.toFixed(1)} J`],
    ])),
    rolloutCard(overview.rollout),
  );
  root.replaceChildren(grid);
  root.setAttribute('aria-busy', 'false');
}
