import { REPORT_VERSION } from './render-json.ts'
import { count, EXPLANATION_DEFINITIONS, kind, listOf, object, ref, text, texts } from './schema-parts.ts'

/** JSON Schema of what `--format json` prints. */
export const REPORT_SCHEMA: Record<string, unknown> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'source-policy report',
  ...object(
    {
      version: { const: REPORT_VERSION },
      outcome: { enum: ['allowed', 'denied', 'broken', 'undecided'] },
      exitCode: { enum: [0, 1, 2, 3] },
      error: { ...ref('error'), description: 'why nothing could be decided at all' },
      subject: { ...text, description: 'the Dockerfile or the source that was checked' },
      platforms: texts,
      policies: texts,
      sources: listOf(ref('source')),
      undetermined: listOf(object({ text, place: ref('place'), error: ref('error') })),
      notices: { ...texts, description: "what is no one source's fault: an entry of the cache that was altered" },
      usage: object({ requests: count, bytes: count, hosts: count, durationMs: count }),
    },
    ['error', 'subject', 'platforms', 'policies', 'undetermined', 'notices', 'usage'],
  ),
  $defs: {
    error: object({ code: text, message: text }),
    place: object({ file: text, line: { type: 'integer', minimum: 1 }, column: { type: 'integer', minimum: 1 } }),
    source: object(
      {
        identifier: { ...text, description: 'as BuildKit names it, without secrets' },
        kind: text,
        platform: text,
        digest: { ...text, description: 'digest or commit, where a policy or the identifier made it known' },
        servedFrom: {
          ...texts,
          description: 'repositories that an image was read from: those of mirrors, and its own',
        },
        places: listOf(ref('place')),
        targets: { ...texts, description: 'targets of the bake file that use it' },
        roles: texts,
        decision: {
          oneOf: [
            object({ kind: kind('allow') }),
            object({ kind: kind('convert'), to: text }),
            object({ kind: kind('deny'), policy: text, messages: texts, rules: listOf(ref('metadata')) }, ['rules']),
            object({ kind: kind('undecided'), policy: text, needs: texts, errors: listOf(ref('error')) }, ['policy']),
            object({ kind: kind('broken'), policy: text, error: ref('error') }, ['policy']),
          ],
        },
        report: ref('report'),
        explanations: listOf(
          object(
            {
              policy: text,
              rules: listOf(ref('rule')),
              fetched: listOf(object({ round: count, place: text, text, needs: texts })),
              error: { ...text, description: 'why the policy cannot be explained' },
            },
            ['error'],
          ),
        ),
      },
      ['platform', 'digest', 'servedFrom', 'targets', 'explanations'],
    ),
    overruling: { oneOf: [{ const: 'warn mode' }, object({ id: text, reason: text, owner: text, expires: text })] },
    ...EXPLANATION_DEFINITIONS,
    report: object(
      {
        basis: ref('basis'),
        rounds: listOf(
          object(
            {
              policy: text,
              identifier: text,
              verdict: { enum: ['allow', 'deny'] },
              missing: texts,
              durationMs: count,
            },
            ['verdict'],
          ),
        ),
        facts: listOf(
          object(
            {
              path: text,
              state: { enum: ['known', 'absent', 'unavailable'] },
              basis: ref('basis'),
              from: { ...text, description: 'URL that redirects led to, without secrets' },
              error: ref('error'),
              asked: { type: 'boolean' },
            },
            ['basis', 'from', 'error'],
          ),
        ),
        prints: listOf(object({ file: text, row: count, message: text })),
        warnings: texts,
        overruled: {
          ...listOf(
            object({ policy: text, messages: texts, rules: listOf(ref('metadata')), by: ref('overruling') }, ['rules']),
          ),
          description: 'denials that did not count',
        },
        warned: { ...listOf(object({ policy: text, message: text })), description: 'what policies warn of' },
        durationMs: count,
      },
      ['basis'],
    ),
    basis: { enum: ['digest', 'signature', 'server'], description: 'why the weakest of the facts is believed' },
  },
}
