export { type RepeatedBody, type ServerAnswer, sendAnswer } from './answer.ts'
export { createFaults, type Fault, type FaultRule, type Faults, type RequestLine } from './faults.ts'
export {
  type HTTPOrigin,
  type HTTPOriginOptions,
  type OriginFile,
  type OriginRequest,
  startHTTPOrigin,
} from './http-origin.ts'
