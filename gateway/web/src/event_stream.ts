// SPDX-License-Identifier: Apache-2.0
// Server-sent events over fetch(), because EventSource cannot carry the bearer token in a header.

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'refused';

export interface StreamEvent { name: string; id: string; data: string; }

/** Splits the text of a stream into events; keeps the unfinished rest. */
export function takeEvents(buffer: string): { events: StreamEvent[]; rest: string } {
  const blocks = buffer.split('\n\n');
  const rest = blocks.pop() ?? '';
  const events: StreamEvent[] = [];
  for (const block of blocks) {
    const event: StreamEvent = { name: 'message', id: '', data: '' };
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) event.name = line.slice(7);
      else if (line.startsWith('id: ')) event.id = line.slice(4);
      else if (line.startsWith('data: ')) event.data += line.slice(6);
    }
    if (event.data !== '') events.push(event);
  }
  return { events, rest };
}

const kRetryFirst_ms = 500;
const kRetryLast_ms = 15_000;

/** Follows the stream for ever; tells the state of the connection. Ends only when the token is refused. */
export async function follow(
  url: string, token: string,
  onEvent: (event: StreamEvent) => void, onConnection: (state: Connection) => void,
): Promise<void> {
  let lastId = '';
  let wait_ms = kRetryFirst_ms;
  for (;;) {
    try {
      const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
      if (lastId !== '') headers['Last-Event-ID'] = lastId;
      const response = await fetch(url, { headers, cache: 'no-store' });
      if (response.status === 401 || response.status === 403) {
        onConnection('refused');
        return;
      }
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      onConnection('live');
      wait_ms = kRetryFirst_ms;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let buffer = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const taken = takeEvents(buffer + value);
        buffer = taken.rest;
        for (const event of taken.events) {
          if (event.id !== '') lastId = event.id;
          onEvent(event);
        }
      }
    } catch {
      // The daemon restarts or the network is away: both are repaired by trying again.
    }
    onConnection('reconnecting');
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(wait_ms * 2, kRetryLast_ms);
  }
}
