// Decides the sources of the Dockerfile beside this file twice: as they should be, and after a download was changed.
// Registry, git server and download server run here, on loopback; nothing else is contacted.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildImage, buildIndex, startGitServer, startHTTPOrigin, startRegistry } from '@source-policy/testkit'

const here = fileURLToPath(new URL('.', import.meta.url))
const command = fileURLToPath(new URL('../../apps/cli/dist/source-policy.js', import.meta.url))

const registry = await startRegistry()
const git = await startGitServer()
const downloads = await startHTTPOrigin({ files: { '/app-1.0.0.txt': 'app 1.0.0\n' } })

const labels = { 'org.example.team': 'platform' }
const platforms = ['amd64', 'arm64'].map(architecture => ({ os: 'linux', architecture }))
registry.push('base/alpine', buildIndex(platforms.map(platform => buildImage({ platform, labels }))), '3.22')
const tools = await git.createRepository('tools')
await tools.tag('v1.0.0', { target: await tools.commit({ files: { 'tool.sh': 'echo tool\n' } }), message: 'v1.0.0' })

const flags = [
  ['--build-arg', `REGISTRY=${registry.host}`],
  ['--build-arg', `GIT=${git.url}`],
  ['--build-arg', `DOWNLOADS=${downloads.url}`],
  ...[registry.host, git.host, downloads.host].map(host => ['--allow-address', host]),
]
const isOutcome = []
try {
  console.log('A registry, a git server and a download server are running on loopback.\n')
  isOutcome.push(await check('Everything is as the policy wants it:', 0))
  downloads.setFile('/app-1.0.0.txt', 'app 1.0.0, and something else\n')
  isOutcome.push(await check('Now somebody changes the download:', 1))
} finally {
  await Promise.all([registry.close(), git.close(), downloads.close()])
}
if (!isOutcome.every(Boolean)) {
  console.error('The outcome is not the expected one.')
  process.exitCode = 1
}

/** Runs the command on the Dockerfile, shows what it prints, and tells whether it ended as expected. */
async function check(title, expected) {
  console.log(`# ${title}\n`)
  console.log(`$ source-policy check ${flags.map(flag => flag.join(' ')).join(' \\\n    ')} \\\n    .\n`)
  const exitCode = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, 'check', ...flags.flat(), '.'], { cwd: here, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', resolve)
  })
  console.log(`\nexit code ${exitCode}\n`)
  return exitCode === expected
}
