import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './faults.ts'

/** What a server would send if nothing went wrong. */
export interface ServerAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes, or so many bytes that repeat a pattern: bodies larger than memory. */
  readonly body?: string | Uint8Array | RepeatedBody
  /** Sent in chunks, its length unannounced. Default: false. */
  readonly chunked?: boolean
}

export interface RepeatedBody {
  readonly pattern: Uint8Array
  readonly bytes: number
}

/** Sends an answer, spoilt by a fault; resolves to the status that was sent, undefined where none was. */
export async function sendAnswer(
  response: ServerResponse,
  answer: ServerAnswer,
  fault: Fault | undefined,
): Promise<number | undefined> {
  if (fault === undefined) return sendWhole(response, answer)
  switch (fault.kind) {
    case 'delay':
      await delay(fault.ms, undefined, { ref: false })
      return sendWhole(response, answer)
    case 'slow':
      return sendSlowly(response, answer, fault)
    case 'status':
      return sendWhole(response, fault)
    case 'redirect':
      return sendWhole(response, { status: fault.status ?? 302, headers: { location: fault.location } })
    case 'corrupt': {
      const body = Buffer.from(bytesOf(answer.body))
      const offset = fault.offset ?? body.length >> 1
      if (offset < body.length) body[offset] = body[offset]! ^ 0x01
      return sendWhole(response, { ...answer, body })
    }
    case 'refuse':
      response.socket?.destroy()
      return undefined
    case 'reset':
      if (fault.afterBytes === undefined) return reset(response)
      await sendPart(response, answer, fault.afterBytes)
      reset(response)
      return answer.status
    case 'stall':
      if (fault.afterBytes === undefined) return undefined
      await sendPart(response, answer, fault.afterBytes)
      return answer.status
  }
  await sendPart(response, answer, fault.afterBytes ?? lengthOf(answer.body) >> 1)
  response.socket?.end()
  return answer.status
}

async function sendWhole(
  response: ServerResponse,
  { status, headers, body, chunked = false }: ServerAnswer,
): Promise<number> {
  const length = { 'content-length': String(lengthOf(body)) }
  response.writeHead(status, { ...(status !== 304 && status !== 204 && !chunked && length), ...headers })
  if (response.req.method !== 'HEAD') await writeBody(response, body)
  response.end()
  return status
}

async function sendSlowly(
  response: ServerResponse,
  { status, headers, body }: ServerAnswer,
  { bytes, everyMs }: { bytes: number; everyMs: number },
): Promise<number> {
  response.writeHead(status, { 'content-length': String(lengthOf(body)), ...headers })
  const whole = bytesOf(body)
  for (let offset = 0; offset < whole.length && !response.destroyed; offset += bytes) {
    response.write(whole.subarray(offset, offset + bytes))
    await delay(everyMs, undefined, { ref: false })
  }
  response.end()
  return status
}

async function writeBody(response: ServerResponse, body: ServerAnswer['body']): Promise<void> {
  if (!isRepeated(body)) {
    response.write(bytesOf(body))
    return
  }
  const { pattern } = body
  for (let left = body.bytes; left > 0; left -= pattern.length) {
    if (response.destroyed) return
    const ready = response.write(left < pattern.length ? pattern.subarray(0, left) : pattern)
    if (!ready) await drained(response)
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

/** The head with the whole length, and the beginning of the body. */
function sendPart(response: ServerResponse, { status, headers, body }: ServerAnswer, bytes: number): Promise<void> {
  response.writeHead(status, { 'content-length': String(lengthOf(body)), ...headers })
  const part = isRepeated(body) ? body.pattern.subarray(0, bytes) : bytesOf(body).subarray(0, bytes)
  if (part.length === 0) {
    response.flushHeaders()
    return delay(5)
  }
  return new Promise(resolve => response.write(part, () => setTimeout(resolve, 5)))
}

/** A reset, which is louder than an end: the client sees an error, not a short body. */
function reset(response: ServerResponse): undefined {
  ;(response.socket as { resetAndDestroy?: () => void } | null)?.resetAndDestroy?.()
  return undefined
}

function isRepeated(body: ServerAnswer['body']): body is RepeatedBody {
  return typeof body === 'object' && 'pattern' in body
}

export function bytesOf(body: ServerAnswer['body']): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (!isRepeated(body)) return Buffer.from(body as string)
  return Buffer.alloc(body.bytes, body.pattern)
}

export function lengthOf(body: ServerAnswer['body']): number {
  if (body === undefined) return 0
  if (isRepeated(body)) return body.bytes
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
