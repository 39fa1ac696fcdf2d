/** The bounds of a run: every source of one build, evaluated together. Each may be lowered or raised by the embedder. */
export interface Limits {
  /** Turns of the loop for one source and one policy. */
  readonly maxRounds: number
  /** How often policies may convert one source. */
  readonly maxConversions: number
  /** Sources of a run, materials included. */
  readonly maxSources: number
  /** How deep materials of materials go; buildx stops at the same depth. */
  readonly maxDepth: number
  /** HTTP requests of a run, redirects and retries included. */
  readonly maxRequests: number
  /** Bytes received in a run. */
  readonly maxBytes: number
  /** Different hosts contacted in a run. */
  readonly maxHosts: number
  /** Milliseconds that a run may take. */
  readonly timeoutMs: number
  /** Steps of one evaluation of one policy, where the engine counts them. */
  readonly maxEvaluationSteps: number
  /** Milliseconds of one evaluation of one policy. */
  readonly evaluationTimeoutMs: number
}

export const DEFAULT_LIMITS: Limits = {
  maxRounds: 32,
  maxConversions: 10,
  maxSources: 2_000,
  maxDepth: 24,
  maxRequests: 5_000,
  maxBytes: 16 * 1024 ** 3,
  maxHosts: 100,
  timeoutMs: 15 * 60_000,
  maxEvaluationSteps: 50_000_000,
  evaluationTimeoutMs: 10_000,
}

/** Bytes of a file that `load_json` reads, as in buildx. */
export const MAX_LOAD_JSON_BYTES = 4 * 1024 ** 2

/** Nesting of JSON from outside. */
export const MAX_JSON_DEPTH = 128

/** Values in one JSON document from outside: twice as many as the largest SBOM that is read would have. */
export const MAX_JSON_VALUES = 2_000_000
