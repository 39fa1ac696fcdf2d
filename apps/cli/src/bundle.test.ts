import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../dist/source-policy.js', import.meta.url))
const run = promisify(execFile)

/** Modules of Node that are loaded when the command ends. */
async function loadedModules(...argv: string[]): Promise<string[]> {
  const probe = `
    process.argv.splice(1, 1, ${JSON.stringify(script)}, ...${JSON.stringify(argv)})
    process.on('exit', () => process.stderr.write('\\n' + JSON.stringify(process.moduleLoadList)))
    await import(${JSON.stringify(script)})`
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', probe, '-'], { cwd: tmpdir() })
  return JSON.parse(stderr.slice(stderr.lastIndexOf('\n'))) as string[]
}

describe.skipIf(!existsSync(script))('the bundle', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    const { stdout } = await run(process.execPath, [script, '--version'])
    expect(stdout).toBe(`${version}\n`)
  })

  it('loads nothing of the network in order to show what is known', async () => {
    const modules = await loadedModules('eval', '--print', 'docker-image://alpine:3.22')
    expect(modules.filter(name => /NativeModule (?:http|https|http2|tls|dns|zlib|worker_threads)$/.test(name))).toEqual(
      [],
    )
  })

  it('names the licences of what it holds', () => {
    const notices = readFileSync(new URL('../dist/third-party-notices.txt', import.meta.url), 'utf8')
    expect(notices).toMatch(/^commander \d+\.\d+\.\d+ \(MIT\)$/m)
    expect(notices).toMatch(/^undici \d+\.\d+\.\d+ \(MIT\)$/m)
    expect(notices).not.toMatch(/GPL/)
  })
})
