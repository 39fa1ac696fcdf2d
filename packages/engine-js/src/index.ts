export { JsEngineError, type JsEngineErrorCode } from './error.ts'
export { type JsPolicyContext, type JsPolicyOptions, jsPolicy } from './js-policy.ts'
