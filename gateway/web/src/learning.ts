// SPDX-License-Identifier: Apache-2.0
// What the gateway learned of when to ask the edge, and its alarms: where what the edge shows
// contradicts what was learned. Asked for every quarter of a minute, for it is no part of the
// overview.

import { element } from './elements';

const kInterval_ms = 15_000;
const kAuditWhole = 256;
const kIdle_s = 3600;
const kDigits = 8;  // of a digest, enough to tell models apart

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
  model_digest: string;
  edge_model_digest: string;
  release: string | null;
  device: string | null;
  label: string | null;
  is_served: boolean;
  idle_s: number | null;
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
  const cell = element('th', i < 5 ? '' : 'number', name);
  cell.setAttribute('scope', 'col');
  return cell;
}

/** Whom alone the policy is for; else all of the class. */
function audience(cell: Cell): string {
  if (cell.device !== null) return cell.device;
  return cell.label !== null ? `label ${cell.label}` : 'all';
}

/** Devices decided by it in the last hour, and the edge model is the one that answers now. */
function isUsed(cell: Cell): boolean {
  return cell.is_served && cell.idle_s !== null && cell.idle_s <= kIdle_s;
}

function row(cell: Cell): HTMLElement {
  const state = cell.is_alarmed ? 'alarm: learning again' : cell.learn;
  return element('tr', cell.is_alarmed ? 'alarm' : '',
    element('td', '', `${cell.task}, class ${cell.device_class}`),
    element('td', '', audience(cell)),
    element('td', '', `${cell.release ?? ''} ${cell.model_digest.slice(0, kDigits)}`.trim()),
    element('td', '', cell.edge_model_digest.slice(0, kDigits)),
    element('td', '', state),
    ...[cell.policy, cell.tasks, cell.alarms, cell.doubted_devices].map((value) =>
      element('td', 'number', value.toLocaleString('en'))),
    element('td', 'number', `${cell.audit_q8}/${kAuditWhole}`));
}

/** How many pairs of models are not listed, for no device uses them any more. */
function leftOut(count: number): HTMLElement[] {
  if (count === 0) return [];
  const words = count === 1 ? '1 more pair of models is' : `${count} more pairs of models are`;
  return [element('p', 'quiet', `${words} not shown: no device decided by it in the last hour, or another edge model answers now. frugalctl policy learned lists all.`)];
}

/** The panel's content: a row for each cell that devices use, and the alarms of all. */
export function learningPanel(token: string): HTMLElement[] {
  if (Date.now() - asked_ms > kInterval_ms) void load(token);
  if (cells === null) return [element('p', 'quiet', 'Asking for what was learned ...')];
  if (cells.length === 0) return [element('p', 'quiet', 'Nothing is learned: no policy in force says so, or no task was decided yet.')];
  const shown = cells.filter((cell) => isUsed(cell) || cell.is_alarmed);
  const alarmed = cells.filter((cell) => cell.is_alarmed).length;
  const words = alarmed === 0 ? 'no alarm' : `${alarmed} ${alarmed === 1 ? 'alarm' : 'alarms'}: what the edge shows contradicts what was learned`;
  return [
    element('p', alarmed === 0 ? 'quiet' : 'alarm', words),
    element('div', 'scroll', element('table', '',
      element('thead', '', element('tr', '', ...['task', 'for', 'device model', 'edge model', 'learning', 'policy', 'tasks', 'alarms so far', 'doubted devices', 'audits'].map(heading))),
      element('tbody', '', ...shown.map(row)))),
    ...leftOut(cells.length - shown.length),
  ];
}
