// SPDX-License-Identifier: Apache-2.0
// What the daemon sends as event "overview" (proto/openapi.yaml, schema Overview).

export interface ClassCount { device_class: string; devices: number; online: number; }
export interface NamedCount { name: string; count: number; }

export interface Rollout {
  id: number;
  model: string;
  release: number;
  state: string;
  devices: number;
  states: NamedCount[];
  reasons: NamedCount[];
}

export interface Overview {
  site: string;
  fleet: { devices: number; online: number; revoked: number; quarantined: number; classes: ClassCount[] };
  rollout: Rollout | null;
  decisions: { total: number; per_minute: number; duplicates: number; gaps: number };
  escalations: { answered: number; busy: number; late: number; waiting: number; service_ms: number };
  bytes: { up: number; down: number; model: number; raw_avoided: number };
  energy: { spent_j: number; avoided_j: number };
}
