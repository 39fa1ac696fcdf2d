import { upperCase } from './characters.ts'

/*
 * What BuildKit refuses in instructions that name no source. A file that it would refuse must be refused here as well:
 * what it says of sources means nothing then.
 */

const symbolicMode = /^[augo]*(?:[+=-][rstwXxugo]*)+(?:,[augo]*(?:[+=-][rstwXxugo]*)+)*$/

/** Whether `--chmod` takes the text: octal up to 7777, or symbolic as in chmod(1). */
export function isMode(text: string): boolean {
  if (/^[0-7]+$/.test(text)) return Number.parseInt(text, 8) <= 0o7777
  return symbolicMode.test(text)
}

/** Whether `--chown` names a user or group by name, which `--link` cannot resolve. */
export function isOwnedByName(text: string): boolean {
  const colon = text.indexOf(':')
  const user = colon === -1 ? text : text.slice(0, colon)
  const group = colon === -1 ? '' : text.slice(colon + 1)
  return (user !== '' && !isId(user)) || (group !== '' && !isId(group))
}

function isId(text: string): boolean {
  return text === 'root' || (/^[+-]?\d+$/.test(text) && Math.abs(Number(text)) <= 0x7fff_ffff)
}

const signals: ReadonlySet<string> = new Set([
  ...(
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`),
])

/** Whether STOPSIGNAL takes the text: a number but 0, or a name of Linux with or without SIG. */
export function isSignal(text: string): boolean {
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text) !== 0
  return signals.has(upperCase(text).replace(/^SIG/, ''))
}

/** Whether EXPOSE takes the text: `[[ip:]host:]port[-port][/protocol]`. */
export function isPort(text: string): boolean {
  const parts = text.split(':')
  const last = parts.pop() ?? ''
  const host = parts.pop() ?? ''
  const ip = parts.join(':')
  const slash = last.indexOf('/')
  const port = slash === -1 ? last : last.slice(0, slash)
  const protocol = slash === -1 ? '' : last.slice(slash + 1)
  if (!['', 'tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) return false
  if (ip !== '' && !isIP(ip)) return false
  const container = portRange(port)
  if (container === undefined) return false
  if (host === '') return true
  const outer = portRange(host)
  return outer !== undefined && (outer === container || container === 0)
}

/** Ports of a range less one; undefined where it is none. */
function portRange(text: string): number | undefined {
  const dash = text.indexOf('-')
  const [start, end] = dash === -1 ? [text, text] : [text.slice(0, dash), text.slice(dash + 1)]
  if (!isPortNumber(start) || !isPortNumber(end) || Number(end) < Number(start)) return undefined
  return Number(end) - Number(start)
}

function isPortNumber(text: string): boolean {
  return /^[+-]?\d{1,20}$/.test(text) && Number(text) >= 0 && Number(text) <= 65_535
}

function isIP(text: string): boolean {
  const bare = /^\[(.*)\]$/s.exec(text)?.[1] ?? text
  if (/^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(bare)) return bare.split('.').every(part => Number(part) <= 255)
  return bare.includes(':') && !/[[\]/?#@%\s]/.test(bare) && URL.canParse(`http://[${bare}]/`)
}

/** Whether a path is one that an image of the operating system can have. */
export function isPathOf(os: string, path: string): boolean {
  if (os !== 'windows') return true
  const slashed = path.replaceAll('\\', '/')
  if (/^.:$/s.test(slashed) || slashed.startsWith('//')) return false
  const colon = slashed.indexOf(':')
  return colon === -1 || slashed.slice(0, colon).toLowerCase() === 'c'
}
