// SPDX-License-Identifier: Apache-2.0
// Overview to HTML. Every text that came from outside goes through textContent, never through HTML.

import { bytesText, element } from './elements';
import { energyPanel } from './energy';
import { learningPanel } from './learning';
import type { NamedCount, Overview, Rollout } from './overview';
import { sizesPanel } from './sizes';

const kBusyStates = ['offered', 'transfer', 'staged', 'waiting', 'self_test', 'probation'];
const kBadStates = ['refused', 'reverted', 'quarantined', 'unreachable'];

const count = (value: number) => value.toLocaleString('en');

function facts(rows: [string, string][]): HTMLElement {
  return element('dl', '', ...rows.flatMap(([term, value]) => [element('dt', '', term), element('dd', '', value)]));
}

function card(title: string, ...children: (Node | string)[]): HTMLElement {
  return element('section', 'card', element('h2', '', title), ...children);
}

function wideCard(title: string, ...children: (Node | string)[]): HTMLElement {
  const box = card(title, ...children);
  box.classList.add('wide');
  return box;
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

const kNamespace = 'http://www.w3.org/2000/svg';
const kTraceLengthMin = 30;

function shape(name: string, className: string, points: string): SVGElement {
  const node = document.createElementNS(kNamespace, name);
  node.setAttribute('class', className);
  node.setAttribute('points', points);
  return node;
}

/** Newest value at the right edge; a short history leaves the left empty. */
function trace(values: number[]): SVGElement {
  const svg = document.createElementNS(kNamespace, 'svg');
  const last = Math.max(values.length, kTraceLengthMin) - 1;
  const peak = Math.max(1, ...values);
  svg.setAttribute('class', 'trace');
  svg.setAttribute('viewBox', `0 0 ${last} 100`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `decisions per minute, second by second, peak ${Math.round(peak)}`);
  const points = values.map((value, i) => `${last - (values.length - 1 - i)},${98 - (94 * value) / peak}`);
  const begin = last - (values.length - 1);
  svg.append(
    shape('polygon', 'area', `${begin},100 ${points.join(' ')} ${last},100`),
    shape('polyline', 'line', points.join(' ')),
  );
  return svg;
}

function traceCard(values: number[]): HTMLElement {
  const peak = Math.round(Math.max(0, ...values));
  const box = card('Decisions per minute', trace(values),
    element('p', 'quiet', `the last ${values.length} s, peak ${count(peak)}`));
  box.classList.add('wide');
  return box;
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
export function draw(root: HTMLElement, overview: Overview, history: number[], token: string): void {
  const { decisions, escalations, bytes, energy } = overview;
  const grid = element('div', 'grid',
    fleetCard(overview),
    card('Decisions', figure(count(Math.round(decisions.per_minute)), 'per minute'), facts([
      ['committed', count(decisions.total)],
      ['duplicates', count(decisions.duplicates)],
      ['gaps', count(decisions.gaps)],
    ])),
    card('Escalations', figure(count(escalations.answered), 'answered by the edge'), facts([
      ['waiting', count(escalations.waiting)],
      ['told busy', count(escalations.busy)],
      ['expired', count(escalations.late)],
      ['edge model', `${escalations.service_ms.toFixed(1)} ms`],
    ])),
    card('Raw data', figure(bytesText(bytes.raw_avoided), 'stayed on devices'), facts([
      ['sent up', bytesText(bytes.up)],
      ['sent down', bytesText(bytes.down)],
      ['models', bytesText(bytes.model)],
    ])),
    traceCard(history),
    rolloutCard(overview.rollout),
    wideCard('Learning when to ask', ...learningPanel(token)),
    wideCard('Size by stage', ...sizesPanel(overview.rollout, token)),
    wideCard('Energy', ...energyPanel(energy, token)),
  );
  root.replaceChildren(grid);
  root.setAttribute('aria-busy', 'false');
}
