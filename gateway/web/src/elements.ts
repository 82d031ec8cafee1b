// SPDX-License-Identifier: Apache-2.0
// Building blocks of the page. Every text that came from outside goes through textContent, never
// through HTML.

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
