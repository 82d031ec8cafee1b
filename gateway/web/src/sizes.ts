// SPDX-License-Identifier: Apache-2.0
// How small the release that is being rolled out became, stage by stage: the table of the Deep
// Compression paper, and below it what travels. Fetched once a release: the deltas that its rollout
// can use are made before that starts.

import { element } from './elements';
import type { Rollout } from './overview';

interface SizeRow {
  kind: 'stage' | 'encoding' | 'delta';
  stage: string;
  file_bytes: number | null;
  packed_bytes: number | null;
  ratio: number | null;
}

interface Variant { device_class: string; sizes: SizeRow[]; }

interface Release { release: number; is_signed_elsewhere: boolean; variants: Variant[]; }

let loaded: { name: string; release: Release } | null = null;
let asked = '';

/** What it brings is drawn with the next overview; a failure is asked for again with that. */
async function load(rollout: Rollout, name: string, token: string): Promise<void> {
  asked = name;
  try {
    const response = await fetch(`/api/v1/models/${encodeURIComponent(rollout.model)}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const answer = response.ok ? await response.json() as { releases: Release[] } : { releases: [] };
    const release = answer.releases.find((one) => one.release === rollout.release);
    if (release !== undefined) loaded = { name, release };
  } catch {
    asked = '';
  }
}

const bytesCell = (bytes: number | null) => (bytes === null ? '' : bytes.toLocaleString('en'));

function heading(name: string, i: number): HTMLElement {
  const cell = element('th', i === 0 ? '' : 'number', name);
  cell.setAttribute('scope', 'col');
  return cell;
}

function sizeRow(row: SizeRow): HTMLElement {
  return element('tr', '',
    element('td', '', row.stage),
    element('td', 'number', bytesCell(row.file_bytes)),
    element('td', 'number', bytesCell(row.packed_bytes)),
    element('td', 'number', row.ratio === null ? '' : `${row.ratio.toFixed(2)} x`));
}

function variantTable(variant: Variant): HTMLElement {
  const heads = (first: string) =>
    element('tr', '', ...[first, 'file B', 'packed B', 'ratio'].map(heading));
  const rows = (isStage: boolean) =>
    variant.sizes.filter((row) => (row.kind === 'stage') === isStage).map(sizeRow);
  return element('table', '',
    element('caption', '', `class ${variant.device_class}`),
    element('thead', '', heads('stage')),
    element('tbody', '', ...rows(true)),
    element('tbody', '', heads('what travels'), ...rows(false)));
}

/** The panel's content for the release of a rollout. */
export function sizesPanel(rollout: Rollout | null, token: string): HTMLElement[] {
  if (rollout === null) return [element('p', 'quiet', 'Shown for the release of the newest rollout.')];
  const name = `${rollout.model}@${rollout.release}`;
  if (asked !== name) void load(rollout, name, token);
  if (loaded?.name !== name) return [element('p', 'quiet', `Asking for the sizes of ${name} ...`)];
  const author = loaded.release.is_signed_elsewhere ? 'its author' : 'this gateway';
  return [
    element('p', 'quiet', `${name}, signed by ${author}; ratio to the first file`),
    element('div', 'tables', ...loaded.release.variants.map(variantTable)),
  ];
}
