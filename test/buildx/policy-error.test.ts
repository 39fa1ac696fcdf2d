import { describe, expect } from 'vitest'
import { runCli, temporaryDirectory } from '../../apps/cli/src/run-cli.ts'
import { testRows } from './rows.ts'

interface Report {
  readonly outcome: string
  readonly error?: { readonly code: string }
  readonly sources: readonly { readonly identifier: string; readonly decision: { readonly kind: string } }[]
}

const denies = (repo: string) =>
  `package docker\n\ndefault allow := true\n\nallow := false if input.image.repo == "${repo}"\n\ndecision := {"allow": allow}\n`

async function check(dockerfile: string, policy: string): Promise<Report> {
  const directory = temporaryDirectory({ Dockerfile: dockerfile, 'Dockerfile.rego': policy })
  const { stdout } = await runCli(['check', '--format', 'json', '--offline'], { cwd: directory.path })
  directory.remove()
  return JSON.parse(stdout) as Report
}

/** Whether the report says that policies denied the source; nobody has to look for words in a message. */
const isDenied = ({ sources }: Report, identifier: string) =>
  sources.some(source => source.identifier === identifier && source.decision.kind === 'deny')

const busybox = 'docker-image://docker.io/library/busybox:latest'

describe('whether it was a policy that denied a source', () => {
  testRows('policy_error_text', row => String(row[0]), {
    'failed to solve: error evaluating the source policy: source "docker-image://busybox:latest" not allowed by policy: action DENY':
      async () => {
        const report = await check('FROM busybox\n', denies('busybox'))
        expect({ outcome: report.outcome, isDenied: isDenied(report, busybox) }).toEqual({
          outcome: 'denied',
          isDenied: true,
        })
      },
    'failed to parse dockerfile for docker-image://busybox:latest': async () => {
      const report = await check('FORM busybox\n', denies('busybox'))
      expect({ outcome: report.outcome, code: report.error?.code, isDenied: isDenied(report, busybox) }).toEqual({
        outcome: 'broken',
        code: 'syntax_error',
        isDenied: false,
      })
    },
    'failed to solve: error evaluating the source policy: source "docker-image://alpine:latest" not allowed by policy: action DENY':
      async () => {
        const report = await check('FROM alpine AS a\nFROM busybox\nCOPY --from=a / /\n', denies('alpine'))
        expect({ outcome: report.outcome, isDenied: isDenied(report, busybox) }).toEqual({
          outcome: 'denied',
          isDenied: false,
        })
      },
  })
})
