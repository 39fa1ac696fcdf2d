import { createReader, decodeBounded } from './json.ts'
import { MAX_STATEMENT_BYTES, MAX_SUBJECTS } from './limits.ts'

/** What a statement is about. */
export interface StatementSubject {
  readonly name?: string
  /** Algorithm to hexadecimal: `{ sha256: '4b7c...' }`. */
  readonly digest: Readonly<Record<string, string>>
  /** What was added to it; cosign keeps the annotations of a signature there. */
  readonly annotations?: Readonly<Record<string, unknown>>
}

/** An in-toto statement: who signed it claims `predicate` of each subject. By itself it proves nothing. */
export interface Statement {
  readonly type: (typeof STATEMENT_TYPES)[number]
  readonly subjects: readonly StatementSubject[]
  readonly predicateType: string
  readonly predicate: unknown
}

/** The versions of statements that are read. */
export const STATEMENT_TYPES = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'] as const

/** Type of a DSSE payload, and media type of a layer, that is an in-toto statement. */
export const IN_TOTO_MEDIA_TYPE = 'application/vnd.in-toto+json'

const reader = createReader('invalid_statement', 'in-toto statement')

/**
 * The statement that JSON says. Throws `too_large`, `invalid_json` and `invalid_statement`.
 *
 * @see https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/statement.md
 */
export function decodeStatement(source: Uint8Array | string): Statement {
  const document = reader.object(
    decodeBounded(source, { what: 'in-toto statement', maxBytes: MAX_STATEMENT_BYTES }),
    'the document',
  )
  const type = STATEMENT_TYPES.find(known => known === document._type)
  if (type === undefined) return reader.fail(`unknown _type ${JSON.stringify(document._type)}`)
  const subjects = reader.array(document.subject ?? [], 'subject', MAX_SUBJECTS).map((item, n): StatementSubject => {
    const { name, digest, annotations } = reader.object(item, `subject[${n}]`)
    return {
      ...(name !== undefined && name !== null && { name: reader.string(name, `subject[${n}].name`) }),
      digest: reader.strings(digest ?? {}, `subject[${n}].digest`),
      ...(annotations !== undefined &&
        annotations !== null && { annotations: reader.object(annotations, `subject[${n}].annotations`) }),
    }
  })
  const predicateType = reader.string(document.predicateType, 'predicateType')
  if (predicateType === '') reader.fail('predicateType is empty')
  return { type, subjects, predicateType, predicate: document.predicate }
}
