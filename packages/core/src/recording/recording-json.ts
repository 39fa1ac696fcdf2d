import { type CodedError, CoreError } from '../error.ts'
import type { Basis } from '../facts.ts'
import { parseField } from '../fields.ts'
import { decodeJSON } from '../json.ts'
import { formatPath, type Path, pathKey } from '../path.ts'
import type { Answer } from '../resolver.ts'
import type { Platform } from '../source.ts'
import type { RecordedCall, RecordedFacts, RecordedSource, Recording } from './recording.ts'

/** Version of the document; raised where a member changes its meaning or goes. */
export const RECORDING_VERSION = 1

/** Members that hold free keys. */
const openMaps = ['value', 'labels', 'args', 'rawArgs', 'buildArgs', 'digest', 'query', 'attrs', 'reads']

/** A recording as a JSON document that people can read and review. The same recording is always the same text. */
export function encodeRecording({ source, resolved, calls, notes }: Recording): string {
  const document = {
    version: RECORDING_VERSION,
    source,
    resolved: resolved.map(({ asked, known, absent, unavailable, children, holes = [], warnings = [] }) => ({
      asked: asked.map(writePath),
      ...(known.length > 0 && {
        known: known.map(({ path, value, basis, from }) => ({
          path: writePath(path),
          basis,
          ...(from !== undefined && { from }),
          value,
        })),
      }),
      ...(absent.length > 0 && { absent: absent.map(({ path, basis }) => ({ path: writePath(path), basis })) }),
      ...(unavailable.length > 0 && {
        unavailable: unavailable.map(({ path, error }) => ({ path: writePath(path), error: writeError(error) })),
      }),
      ...(children.length > 0 && { children: children.map(child => ({ ...child, path: writePath(child.path) })) }),
      ...(holes.length > 0 && { holes: holes.map(writePath) }),
      ...(warnings.length > 0 && { warnings }),
    })),
    ...(calls.length > 0 && {
      calls: calls.map(({ path, answer, ...call }) => ({
        ...call,
        path: writePath(path),
        answer: writeAnswer(answer),
      })),
    }),
    ...(Object.keys(notes).length > 0 && { notes }),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function writePath(path: Path): string {
  const text = formatPath(path).slice('input.'.length)
  const read = parseField(text)
  if (read !== undefined && pathKey(read) === pathKey(path)) return text
  throw new CoreError('contract_violation', `recording a fact: ${formatPath(path)} cannot be written as a field`)
}

function writeError({ code, message }: CodedError): CodedError {
  return { code, message }
}

function writeAnswer(answer: Answer): unknown {
  return 'unavailable' in answer ? { unavailable: writeError(answer.unavailable) } : answer
}

/** The recording that a document holds. Throws `invalid_json`, `invalid_recording`. */
export function decodeRecording(text: string | Uint8Array, what: string): Recording {
  const reader = readerOf(what)
  const { version, source, resolved, calls, notes } = reader.object(
    decodeJSON(text, { what, openMaps }),
    '',
    ['version', 'source', 'resolved'],
    ['calls', 'notes'],
  )
  if (version !== RECORDING_VERSION) reader.fail('version', `expected ${RECORDING_VERSION}`)
  return {
    source: readSource(reader, source),
    resolved: reader.list(resolved, 'resolved').map((facts, i) => readFacts(reader, facts, `resolved[${i}]`)),
    calls: reader.list(calls ?? [], 'calls').map((call, i) => readCall(reader, call, `calls[${i}]`)),
    notes: reader.map(notes ?? {}, 'notes'),
  }
}

type Reader = ReturnType<typeof readerOf>

function readSource(reader: Reader, value: unknown): RecordedSource {
  const fields = reader.object(value, 'source', ['kind', 'identifier', 'attrs'], ['platform', 'anonymous'])
  const { platform, anonymous } = fields
  if (anonymous !== undefined && anonymous !== true) reader.fail('source.anonymous', 'expected true')
  return {
    kind: reader.text(fields.kind, 'source.kind'),
    identifier: reader.text(fields.identifier, 'source.identifier'),
    attrs: readTexts(reader, fields.attrs, 'source.attrs'),
    ...(platform !== undefined && { platform: reader.text(platform, 'source.platform') }),
    ...(anonymous === true && { anonymous }),
  }
}

function readTexts(reader: Reader, value: unknown, at: string): Record<string, string> {
  const entries = Object.entries(reader.map(value, at))
  return Object.fromEntries(entries.map(([name, text]) => [name, reader.text(text, `${at}.${name}`)]))
}

function readFacts(reader: Reader, value: unknown, at: string): RecordedFacts {
  const fields = reader.object(
    value,
    at,
    ['asked'],
    ['known', 'absent', 'unavailable', 'children', 'holes', 'warnings'],
  )
  const each = <T>(
    name: 'known' | 'absent' | 'unavailable' | 'children' | 'holes' | 'warnings',
    read: (item: unknown, at: string) => T,
  ) => reader.list(fields[name] ?? [], `${at}.${name}`).map((item, i) => read(item, `${at}.${name}[${i}]`))
  return {
    asked: reader.list(fields.asked, `${at}.asked`).map(path => reader.path(path, `${at}.asked`)),
    known: each('known', (item, place) => {
      const { path, basis, value, from } = reader.object(item, place, ['path', 'basis', 'value'], ['from'])
      return {
        path: reader.path(path, place),
        value,
        basis: reader.basis(basis, place),
        ...(from !== undefined && { from: reader.text(from, place) }),
      }
    }),
    absent: each('absent', (item, place) => {
      const { path, basis } = reader.object(item, place, ['path', 'basis'])
      return { path: reader.path(path, place), basis: reader.basis(basis, place) }
    }),
    unavailable: each('unavailable', (item, place) => {
      const { path, error } = reader.object(item, place, ['path', 'error'])
      return { path: reader.path(path, place), error: reader.error(error, place) }
    }),
    children: each('children', (item, place) => {
      const { path, identifier, attrs, platform } = reader.object(
        item,
        place,
        ['path', 'identifier'],
        ['attrs', 'platform'],
      )
      return {
        path: reader.path(path, place),
        identifier: reader.text(identifier, `${place}.identifier`),
        ...(attrs !== undefined && { attrs: readTexts(reader, attrs, `${place}.attrs`) }),
        ...(platform !== undefined && { platform: readPlatform(reader, platform, `${place}.platform`) }),
      }
    }),
    ...(fields.holes !== undefined && { holes: each('holes', (path, place) => reader.path(path, place)) }),
    ...(fields.warnings !== undefined && { warnings: each('warnings', (text, place) => reader.text(text, place)) }),
  }
}

function readPlatform(reader: Reader, value: unknown, at: string): Platform {
  const fields = reader.object(value, at, ['os', 'architecture'], ['variant', 'osVersion', 'osFeatures'])
  const { variant, osVersion, osFeatures } = fields
  return {
    os: reader.text(fields.os, at),
    architecture: reader.text(fields.architecture, at),
    ...(variant !== undefined && { variant: reader.text(variant, at) }),
    ...(osVersion !== undefined && { osVersion: reader.text(osVersion, at) }),
    ...(osFeatures !== undefined && { osFeatures: reader.list(osFeatures, at).map(name => reader.text(name, at)) }),
  }
}

function readCall(reader: Reader, value: unknown, at: string): RecordedCall {
  const { name, path, args, reads, answer } = reader.object(value, at, ['name', 'path', 'args', 'reads', 'answer'])
  const hashes = Object.entries(reader.map(reads, `${at}.reads`))
  return {
    name: reader.text(name, `${at}.name`),
    path: reader.path(path, at),
    args: reader.list(args, `${at}.args`),
    reads: Object.fromEntries(
      hashes.map(([file, hash]) => [file, hash === null ? null : reader.text(hash, `${at}.reads`)]),
    ),
    answer: readAnswer(reader, answer, `${at}.answer`),
  }
}

function readAnswer(reader: Reader, value: unknown, at: string): Answer {
  const { reason, ...answer } = reader.object(value, at, [], ['value', 'undefined', 'unavailable', 'reason'])
  const isOne = Object.keys(answer).length === 1 && (reason === undefined || 'value' in answer)
  if (!isOne) reader.fail(at, 'expected one of value, undefined, unavailable')
  if ('value' in answer) {
    return { value: answer.value, ...(reason !== undefined && { reason: reader.text(reason, at) }) }
  }
  if ('undefined' in answer) return { undefined: reader.text(answer.undefined, at) }
  return { unavailable: reader.error(answer.unavailable, at) }
}

const bases: ReadonlySet<unknown> = new Set<Basis>(['digest', 'signature', 'server'])

/** Reads members strictly: what is not expected is an error. */
function readerOf(what: string) {
  const fail = (at: string, problem: string): never => {
    throw new CoreError('invalid_recording', `decoding ${what}: ${at === '' ? 'document' : at}: ${problem}`)
  }
  const map = (value: unknown, at: string): Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail(at, 'expected an object')
  const text = (value: unknown, at: string): string =>
    typeof value === 'string' ? value : fail(at, 'expected a string')
  const object = <Required extends string, Optional extends string = never>(
    value: unknown,
    at: string,
    required: readonly Required[],
    optional: readonly Optional[] = [],
  ): Record<Required, unknown> & Partial<Record<Optional, unknown>> => {
    const fields = map(value, at)
    const known: ReadonlySet<string> = new Set([...required, ...optional])
    const stranger = Object.keys(fields).find(name => !known.has(name))
    if (stranger !== undefined) fail(at, `unexpected member ${stranger}`)
    const missing = required.find(name => !Object.hasOwn(fields, name))
    if (missing !== undefined) fail(at, `expected a member ${missing}`)
    return fields as Record<Required, unknown> & Partial<Record<Optional, unknown>>
  }
  return {
    fail,
    map,
    text,
    object,
    list: (value: unknown, at: string): readonly unknown[] =>
      Array.isArray(value) ? value : fail(at, 'expected an array'),
    path: (value: unknown, at: string): Path => parseField(text(value, at)) ?? fail(at, `${String(value)} is no field`),
    basis: (value: unknown, at: string): Basis =>
      bases.has(value) ? (value as Basis) : fail(at, 'expected the basis digest, signature or server'),
    error(value: unknown, at: string): CodedError {
      const { code, message } = object(value, at, ['code', 'message'])
      return { code: text(code, at), message: text(message, at) }
    },
  }
}
