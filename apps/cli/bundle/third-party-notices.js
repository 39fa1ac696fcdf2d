import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const apacheLicense = fileURLToPath(new URL('../../../LICENSE', import.meta.url))

/** Writes the licences of the packages that went into the bundle beside it; fails where one has none. */
export function thirdPartyNotices() {
  return {
    name: 'third-party-notices',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap(chunk => Object.keys(chunk.modules ?? {}))
      const directories = new Set(modules.map(packageDirectory).filter(directory => directory !== undefined))
      const notices = [...directories].sort().map(noticeOf)
      this.emitFile({
        type: 'asset',
        fileName: 'third-party-notices.txt',
        source: notices.join(`\n${'-'.repeat(80)}\n\n`),
      })
    },
  }
}

/** The package of a module of somebody else's. */
function packageDirectory(file) {
  const match = /^\0?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(file)
  return match?.[1]
}

function noticeOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'))
  const files = readdirSync(directory).filter(file => /^(?:licen[cs]e|notice|copying)/i.test(file))
  const texts = files.map(file => path.join(directory, file)).filter(existsSync)
  // some packages name a licence that has one text for everybody, and leave the text out
  if (texts.length === 0 && license === 'Apache-2.0') texts.push(apacheLicense)
  if (texts.length === 0) throw new Error(`${name} ${version} (${license}) has no licence file`)
  const notice = [`${name} ${version} (${license})`, ...texts.map(file => readFileSync(file, 'utf8').trim())]
  return `${notice.join('\n\n')}\n`
}
