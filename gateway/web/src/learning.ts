// SPDX-License-Identifier: Apache-2.0
// What the gateway learned of when to ask the edge, and its alarms: where what the edge shows
// contradicts what was learned. Asked for every quarter of a minute, for it is no part of the
// overview.

import { element } from './elements';

const kInterval_ms = 15_000;
const kAuditWhole = 256;

interface Cell {
  task: number;
  device_class: string;
  learn: string;
  policy: number;
  tasks: number;
  audit_q8: number;
  alarms: number;
  is_alarmed: boolean;
  doubted_devices: number;
}

let cells: Cell[] | null = null;
let asked_ms = 0;

/** What it brings is drawn with the next overview; a failure keeps what was there. */
async function load(token: string): Promise<void> {
  asked_ms = Date.now();
  try {
    const response = await fetch('/api/v1/policies/learned', { headers: { Authorization: `Bearer ${token}` } });
    if (response.ok) cells = (await response.json() as { cells: Cell[] }).cells;
  } catch {
    // The connection's own pill says so.
  }
}

function heading(name: string, i: number): HTMLElement {
  const cell = element('th', i < 2 ? '' : 'number', name);
  cell.setAttribute('scope', 'col');
  return cell;
}

function row(cell: Cell): HTMLElement {
  const state = cell.is_alarmed ? 'alarm: learning again' : cell.learn;
  return element('tr', cell.is_alarmed ? 'alarm' : '',
    element('td', '', `${cell.task}, class ${cell.device_class}`),
    element('td', '', state),
    ...[cell.policy, cell.tasks, cell.alarms, cell.doubted_devices].map((value) =>
      element('td', 'number', value.toLocaleString('en'))),
    element('td', 'number', `${cell.audit_q8}/${kAuditWhole}`));
}

/** The panel's content: alarms first, then a row for each cell. */
export function learningPanel(token: string): HTMLElement[] {
  if (Date.now() - asked_ms > kInterval_ms) void load(token);
  if (cells === null) return [element('p', 'quiet', 'Asking for what was learned ...')];
  if (cells.length === 0) return [element('p', 'quiet', 'Nothing is learned: no policy in force says so, or no task was decided yet.')];
  const alarmed = cells.filter((cell) => cell.is_alarmed).length;
  const words = alarmed === 0 ? 'no alarm' : `${alarmed} ${alarmed === 1 ? 'alarm' : 'alarms'}: what the edge shows contradicts what was learned`;
  return [
    element('p', alarmed === 0 ? 'quiet' : 'alarm', words),
    element('div', 'scroll', element('table', '',
      element('thead', '', element('tr', '', ...['task', 'learning', 'policy', 'tasks', 'alarms so far', 'doubted devices', 'audits'].map(heading))),
      element('tbody', '', ...cells.map(row)))),
  ];
}
