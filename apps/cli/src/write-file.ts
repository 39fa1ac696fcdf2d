import { rename, rm, writeFile } from 'node:fs/promises'
import { CliError } from './error.ts'

/** Writes a file so that nobody sees a part of it. Throws `unwritable_file`. */
export async function writeFileWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new CliError('unwritable_file', `writing ${file}: ${code}`, { cause })
  }
}
