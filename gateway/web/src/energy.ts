// SPDX-License-Identifier: Apache-2.0
// The energy ledger of the fleet and, on demand, the constants that estimates of it rest on.

import type { Energy, EnergyConstant } from './overview';
import { bytesText, element } from './elements';

export const energyText = (joules: number) => (joules < 10 ? `${(1000 * joules).toFixed(0)} mJ` : `${joules.toFixed(1)} J`);

function row(...cells: string[]): HTMLElement {
  return element('tr', '', ...cells.map((cell, i) => element('td', i === 0 ? '' : 'number', cell)));
}

function heading(...names: string[]): HTMLElement {
  return element('tr', '', ...names.map((name, i) => {
    const cell = element('th', i === 0 ? '' : 'number', name);
    cell.setAttribute('scope', 'col');
    return cell;
  }));
}

let constants: EnergyConstant[] = [];
let isOpen = false;

/** Loaded once, when somebody asks; `redraw` runs when they are here. */
async function load(token: string, box: HTMLElement): Promise<void> {
  if (constants.length === 0) {
    const response = await fetch('/api/v1/energy/constants', { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok) {
      box.replaceChildren(element('p', 'quiet', `The constants did not come: ${response.status}`));
      return;
    }
    constants = (await response.json() as { constants: EnergyConstant[] }).constants;
  }
  box.replaceChildren(constantsTable());
}

function constantsTable(): HTMLElement {
  return element('table', '',
    element('thead', '', heading('part', 'value', 'source')),
    element('tbody', '', ...constants.map((entry) => element('tr', '',
      element('td', '', `${entry.about}: ${entry.name}`),
      element('td', 'number', `${entry.value} ${entry.unit}`),
      element('td', 'quiet', entry.source)))));
}

function constantsBox(token: string): HTMLElement {
  const details = element('details', '', element('summary', '', 'Estimates: constants and sources')) as HTMLDetailsElement;
  const box = element('div', '');
  if (constants.length > 0) box.append(constantsTable());
  details.open = isOpen;
  details.append(element('p', 'quiet', 'Devices with a meter report what it says; the others estimate from constants like these. '
    + 'Two software stacks on one chip differ by a factor of 2 to 4.'), box);
  details.addEventListener('toggle', () => {
    isOpen = details.open;
    if (isOpen) void load(token, box);
  });
  return details;
}

/** The panel's content: a table by use, the raw data counterfactual, the constants. */
export function energyPanel(energy: Energy, token: string): HTMLElement[] {
  const saved = energy.saved_ratio === null ? 'nothing counted yet' : `${(100 * energy.saved_ratio).toFixed(1)} % less than raw data`;
  const table = element('table', '',
    element('thead', '', heading('spent on (estimate)', 'energy', 'radio bytes')),
    element('tbody', '',
      ...energy.uses.map((use) => row(use.use, energyText(use.joules), bytesText(use.bytes))),
      row('total', energyText(energy.used_j), bytesText(energy.used_bytes)),
      row('sending every raw input instead', energyText(energy.raw_j), bytesText(energy.raw_bytes))));
  return [
    element('div', 'figure', energyText(energy.used_j), ' ', element('small', '', `spent by the fleet: ${saved}`)),
    table,
    constantsBox(token),
  ];
}
