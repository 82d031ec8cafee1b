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

/** Over all boots of all devices, as they account it. */
export interface Energy {
  uses: { use: string; joules: number; bytes: number }[];
  used_j: number;
  used_bytes: number;
  other_j: number;
  raw_j: number;
  raw_bytes: number;
  avoided_j: number;
  saved_ratio: number | null;
}

/** GET /api/v1/energy/constants: what estimates of energy rest on. */
export interface EnergyConstant {
  about: string;
  name: string;
  value: number;
  unit: string;
  source: string;
  is_assumed: boolean;
}

export interface Overview {
  site: string;
  fleet: { devices: number; online: number; revoked: number; quarantined: number; classes: ClassCount[] };
  rollout: Rollout | null;
  decisions: { total: number; per_minute: number; duplicates: number; gaps: number };
  escalations: { answered: number; busy: number; late: number; waiting: number; service_ms: number };
  bytes: { up: number; down: number; model: number; raw_avoided: number };
  energy: Energy;
}
