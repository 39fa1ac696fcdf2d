export { BUILDX_BUILTINS } from './capabilities.ts'
export { OpaEngineError, type OpaEngineErrorCode } from './error.ts'
export { HOST_FUNCTIONS } from './host-functions.ts'
export { type OpaEngineOptions, opaEngine } from './opa-engine.ts'
