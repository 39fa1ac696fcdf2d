import { formatPath, type Lacking, type Round } from '@source-policy/core'

/** What happened in a turn of the loop, a line each, for the author of a policy. */
export function describeRound({ policy, number, request, evaluation }: Round): string[] {
  const lines = [
    `round ${number} of ${policy}`,
    `input ${JSON.stringify(request.input)}`,
    `unknown ${request.unknown.map(formatPath).join(', ') || 'nothing'}`,
  ]
  if (evaluation.kind === 'missing') return [...lines, `missing ${describeLacking(evaluation)}`]
  const { allow, messages, pins, lacking } = evaluation.verdict
  lines.push(`verdict ${allow ? 'allow' : 'deny'}${messages.map(message => `; ${message}`).join('')}`)
  for (const pin of pins) lines.push(`pin ${formatPath(pin.path)} ${pin.digest}`)
  if (lacking !== undefined) lines.push(`messages lack ${describeLacking(lacking)}`)
  return lines
}

function describeLacking({ paths, calls }: Lacking): string {
  const names = [
    ...paths.map(formatPath),
    ...calls.map(({ name, location }) => `${name}()${location ? ` at ${location}` : ''}`),
  ]
  return names.join(', ') || 'nothing'
}
