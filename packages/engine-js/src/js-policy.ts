import {
  type Evaluation,
  type EvaluationRequest,
  formatPath,
  type HostCall,
  type Input,
  type Origin,
  type Path,
  type Pin,
  type Policy,
  type PolicyDecision,
  type PolicyFiles,
  pathKey,
  readDecision,
  toCodedError,
} from '@source-policy/core'
import { JsEngineError } from './error.ts'
import { trackInput, UnknownRead } from './tracked-input.ts'

/** What a policy may use beside its input. */
export interface JsPolicyContext {
  /** The time of the run. */
  readonly time: Date
  /** Shows a line to the author of the policy. */
  print(...values: readonly unknown[]): void
  /**
   * Calls a function of the source: `call('verify_git_signature', input.git.commit, 'keys.asc')`. Undefined where it was
   * checked and does not hold.
   */
  call(name: string, ...args: readonly unknown[]): unknown
  /** Wants the image to have this digest (`sha256:...`): an allowed source is then converted to it. */
  pinImage(image: object, digest: string): true
}

export interface JsPolicyOptions {
  /** What reports call it. */
  readonly name: string
  /** Default: `operator`. */
  readonly origin?: Origin
  /** Files for `load_json` and key files. Default: none. */
  readonly files?: PolicyFiles
  /**
   * Decides: `true` or `false`, or `{ allow, deny_msg, caps }`. It may be called several times for one source, each time
   * with more known, so it should have no effects. What it keeps from reading is not fetched.
   */
  evaluate(input: Input, context: JsPolicyContext): boolean | PolicyDecision | Promise<boolean | PolicyDecision>
}

/**
 * A policy that is a function of the embedding program. Its own code is trusted; it is not bounded in time or memory.
 * A read of an unknown field makes the evaluation `missing`, even if the function catches the error.
 * `evaluate` of the policy throws `policy_failed` where the function throws, `invalid_decision` where it yields none.
 */
export function jsPolicy(options: JsPolicyOptions): Policy {
  return {
    name: options.name,
    origin: options.origin ?? 'operator',
    ...(options.files && { files: options.files }),
    evaluate: request => evaluate(options, request),
  }
}

async function evaluate(options: JsPolicyOptions, request: EvaluationRequest): Promise<Evaluation> {
  const paths = new Map<string, Path>()
  const calls = new Map<string, HostCall>()
  const pins: Pin[] = []
  const { input, pathOf } = trackInput(request.input, request.unknown, path => paths.set(pathKey(path), path))

  const context: JsPolicyContext = {
    time: new Date(Number(request.time / 1_000_000n)),
    print(...values) {
      request.print?.({ file: options.name, row: 0, message: values.map(String).join(' ') })
    },
    call(name, ...args) {
      const call = hostCall(name, args, pathOf(args[0]))
      const answer = request.answers.get(call.id)
      if (answer !== undefined && 'value' in answer) return answer.value
      if (answer !== undefined && 'undefined' in answer) return undefined
      calls.set(call.id, call)
      throw new UnknownRead()
    },
    pinImage(image, digest) {
      const path = pathOf(image)
      if (path === undefined) throw new TypeError('pinImage: the image is not a part of the input')
      pins.push({ path, digest })
      return true
    },
  }

  let document: unknown
  let failure: unknown
  try {
    document = await options.evaluate(input, context)
  } catch (error) {
    failure = error
  }
  if (paths.size + calls.size > 0) return { kind: 'missing', paths: [...paths.values()], calls: [...calls.values()] }
  if (failure !== undefined) {
    const { message } = toCodedError(failure)
    throw new JsEngineError('policy_failed', `policy ${options.name} threw: ${message}`, { cause: failure })
  }
  const decision = readDecision(typeof document === 'boolean' ? { allow: document } : document)
  return { kind: 'verdict', verdict: { ...decision, pins, warnings: [] } }
}

function hostCall(name: string, args: readonly unknown[], path: Path | undefined): HostCall {
  const others = path === undefined ? args : args.slice(1)
  const id = JSON.stringify([name, path === undefined ? null : formatPath(path), others])
  // the identity stands for what was verified of the source; its value is not handed on
  return { id, name, args: path === undefined ? args : [undefined, ...others], ...(path && { path }) }
}
